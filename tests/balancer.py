"""A small reverse proxy that distributes connections to several servers."""

import contextlib
import itertools
import socket
import threading
from collections import Counter
from collections.abc import Sequence

PIECE = 65536


class Balancer:
    """Passes each connection to the next available server.

    :param ports: of the servers, on loopback; they need not run yet.
    :ivar taken: how many connections each server has taken, by its port.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.taken: Counter[int] = Counter()
        self._count = len(ports)
        self._turns = itertools.cycle(ports)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections."""
        # Closing alone does not wake the thread that waits for the next one.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            server = self._connect()
            if server is None:
                return
            with server:
                back = threading.Thread(target=_pipe, args=(server, client), daemon=True)
                back.start()
                _pipe(client, server)
                back.join()

    def _connect(self) -> socket.socket | None:
        for _ in range(self._count):
            with self._lock:
                port = next(self._turns)
            try:
                server = socket.create_connection(("127.0.0.1", port), timeout=60)
            except OSError:
                continue
            server.settimeout(None)
            with self._lock:
                self.taken[port] += 1
            return server
        return None


def _pipe(source: socket.socket, target: socket.socket) -> None:
    """Hand on what comes until it ends, then say so."""
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            target.sendall(piece)
    # What could not be handed on is lost to both.
    for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with contextlib.suppress(OSError):
            end.shutdown(how)
