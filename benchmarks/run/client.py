"""A multithreaded HTTP client on loopback: sends requests for a time and records the responses."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from statistics import quantiles
from typing import Self
from urllib.parse import urlencode

PATIENCE = 20.0
"""Seconds until an answer must have come."""
BOUNDARY = "part-of-the-benchmark"


@dataclass(frozen=True)
class Request:
    """A request; with a form or a document it is a POST.

    :ivar pictures: JPEG files by the name of their field.
    :ivar document: a JSON document instead of a form.
    """

    path: str
    token: str = ""
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    document: str = ""

    def body(self) -> tuple[bytes | None, str]:
        """Return the encoded form and its content type, empty without a form."""
        if self.document:
            return self.document.encode(), "application/json"
        if self.form is None:
            return None, ""
        if not self.pictures:
            return urlencode(self.form).encode(), "application/x-www-form-urlencoded"
        parts = [_part(name, value.encode()) for name, value in self.form.items()]
        parts += [_part(name, data, "; filename=photo.jpg") for name, data in self.pictures.items()]
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
        return body, f"multipart/form-data; boundary={BOUNDARY}"


def _part(name: str, data: bytes, file: str = "") -> bytes:
    kind = "\r\nContent-Type: image/jpeg" if file else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}{kind}\r\n\r\n'
    return head.encode() + data + b"\r\n"


@dataclass
class Measured:
    """Responses of one scenario.

    :ivar seconds: how long it took altogether.
    :ivar latencies: of each answer that was expected, in milliseconds.
    :ivar statements: SQL statements of each answer, where the server says so.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    bytes: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return responses per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: int) -> float:
        """Return a percentile of the latency, in milliseconds."""
        if len(self.latencies) < 2:
            return self.latencies[0] if self.latencies else 0.0
        return quantiles(self.latencies, n=100, method="inclusive")[share - 1]


class Client:
    """Send the requests of a scenario over persistent connections; use it in ``with``, for several scenarios.

    :param port: of the server on 127.0.0.1.
    :param cookie: name of the session cookie.
    """

    def __init__(self, port: int, cookie: str, connections: int = 2) -> None:
        self.port, self.cookie, self.connections = port, cookie, connections
        self._open: list[HTTPConnection] = []
        self._keeps = False

    def __enter__(self) -> Self:
        self._keeps = True
        return self

    def __exit__(self, *_error: object) -> None:
        self._keeps = False
        while self._open:
            self._open.pop().close()

    def measure(
        self,
        make: Callable[[int], Request],
        expected: int,
        *,
        seconds: float,
        most: int = 100_000,
        least: int = 0,
    ) -> Measured:
        """Send requests until the time is over.

        :param make: returns the n-th request.
        :param expected: status of the answer.
        :param most: the largest number of requests.
        :param least: the smallest number, however long they take.
        :raises Exception: when a request could not be made, or the server not be reached.
        """
        measured, guard, numbers = Measured(), threading.Lock(), count()
        begun = time.monotonic()

        def work() -> None:
            connection = self._open.pop() if self._open else self._connect()
            while (number := next(numbers)) < most and (number < least or time.monotonic() - begun < seconds):
                if len(measured.errors) > 20:
                    break
                try:
                    request = make(number)
                except BaseException:
                    connection.close()
                    raise
                began = time.perf_counter()
                try:
                    status, body, statements = self._send(connection, request)
                except (OSError, HTTPException) as error:
                    connection.close()
                    connection = self._connect()
                    with guard:
                        measured.errors.append(repr(error))
                    continue
                took = (time.perf_counter() - began) * 1000
                with guard:
                    if status != expected:
                        measured.errors.append(f"{status} instead of {expected}")
                        continue
                    measured.latencies.append(took)
                    measured.bytes += body
                    if statements is not None:
                        measured.statements.append(statements)
            if self._keeps:
                self._open.append(connection)
            else:
                connection.close()

        with ThreadPoolExecutor(self.connections) as pool:
            threads = [pool.submit(work) for _ in range(self.connections)]
        for thread in threads:
            thread.result()
        measured.seconds = time.monotonic() - begun
        return measured

    def _connect(self) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _send(self, connection: HTTPConnection, request: Request) -> tuple[int, int, int | None]:
        headers = {"Accept-Encoding": "gzip", "Accept-Language": "fa", **request.headers}
        if request.token:
            headers["Cookie"] = f"{self.cookie}={request.token}"
        body, kind = request.body()
        if kind:
            headers["Content-Type"] = kind
        connection.request("GET" if body is None else "POST", request.path, body, headers)
        response = connection.getresponse()
        length = len(response.read())
        statements = response.getheader("X-Statements")
        return response.status, length, int(statements) if statements else None
