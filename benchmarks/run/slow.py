"""Slow clients: some send a form byte by byte, some read a response byte by byte."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Job = Callable[[socket.socket, threading.Event], None]
PAUSE = 0.3
"""Seconds between two pieces."""
FORM = (
    b"POST /reports/new HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100000\r\n\r\n"
)
PAGE = b"GET /map.geojson HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@contextmanager
def slow_clients(port: int, senders: int, readers: int) -> Iterator[None]:
    """Keep a server busy with slow clients; disconnected ones reconnect."""
    stopping = threading.Event()
    jobs = [_send] * senders + [_read] * readers
    threads = [threading.Thread(target=_again, args=(job, port, stopping), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(5)


def _again(job: Job, port: int, stopping: threading.Event) -> None:
    while not stopping.is_set():
        with suppress(OSError), socket.socket() as connection:
            # A small window: what the client has not read stays with the server.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect(("127.0.0.1", port))
            job(connection, stopping)
        stopping.wait(PAUSE)


def _send(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(FORM)
    while not stopping.wait(PAUSE):
        connection.sendall(b"x")


def _read(connection: socket.socket, stopping: threading.Event) -> None:
    connection.sendall(PAGE)
    while not stopping.wait(PAUSE) and connection.recv(256):
        pass
