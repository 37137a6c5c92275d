"""Connections of httpcore to checked addresses, within a total time."""

import ssl
import time
from collections.abc import Callable, Iterable, Sequence

import httpcore

from civicportal.core.outgoing.addresses import Address


class GuardedNetwork(httpcore.NetworkBackend):
    """Connect to the addresses that a check returns for a name, one after the other.

    :ivar ends_at: when the current exchange must have ended, by ``time.monotonic``.
    :param resolve: returns the addresses of a host and port within a time in seconds, or refuses them.
    """

    def __init__(self, resolve: Callable[[str, int, float], Sequence[Address]]) -> None:
        self.ends_at = 0.0
        self._resolve = resolve
        self._backend = httpcore.SyncBackend()

    def left(self, timeout: float | None, error: type[Exception]) -> float:
        """Return the seconds that an operation may take.

        :raises Exception: the given error when there are none.
        """
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise error("the total time is over")
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a checked address of the host."""
        problem: Exception = httpcore.ConnectError("no address")
        for address in self._resolve(host, port, self.left(timeout, httpcore.ConnectTimeout)):
            left = self.left(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._backend.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return _TimedStream(stream, self)
        raise problem


class _TimedStream(httpcore.NetworkStream):
    """A stream whose operations end with the total time, so that a receiver cannot answer one byte at a time."""

    def __init__(self, stream: httpcore.NetworkStream, network: GuardedNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._network.left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._network)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
