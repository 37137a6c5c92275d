"""A receiver of webhooks on loopback, which answers as a test tells it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]
Headers = dict[str, str]


@dataclass
class ReceivedEvent:
    """One request.

    :ivar accepted: whether it was answered as usual, not as a test told.
    """

    path: str
    headers: Headers
    body: bytes
    accepted: bool

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """A receiver.

    :ivar answers: how it answers the next requests; then all are accepted.
    :ivar closing: set when it ends, so that a receiver that hangs can stop.
    """

    port: int = 0
    received: list[ReceivedEvent] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    @property
    def ids(self) -> list[str]:
        return [event.id for event in self.received]


def status(code: int, headers: Headers | None = None, body: bytes = b"") -> Answer:
    """Answer with a status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def raw(*parts: bytes, pause: float = 0) -> Answer:
    """Answer with bytes, whether they are HTTP or not, and close the connection."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        for part in parts:
            handler.wfile.write(part)
            handler.wfile.flush()
            time.sleep(pause)
        handler.close_connection = True

    return answer


def hang(receiver: Receiver) -> Answer:
    """Answer nothing until the receiver ends."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        receiver.closing.wait(60)
        handler.close_connection = True

    return answer


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            accepted = not receiver.answers
            receiver.received.append(
                ReceivedEvent(path=self.path, headers=headers, body=body, accepted=accepted)
            )
            answer = receiver.answers.pop(0) if receiver.answers else status(204)
            try:
                answer(self)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
