"""A real server refuses unacceptable requests by their head."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from portal import READY, free_port
from senders import wait_until

APP = """
import sys
from pyramid.config import Configurator
from pyramid.response import Response
from civicportal.tools import server

with Configurator(settings={"civicportal.upload_paths": ["/uploads"], "retry.activate_hook": "civicportal.web.request_checks.attempts"}) as config:
    config.include("pyramid_retry")
    config.include("civicportal.web.request_checks")
    config.add_route("any", "/*path")
    config.add_view(lambda request: Response(request.path + str(len(request.POST))), route_name="any")
    app = config.make_wsgi_app()
server.serve_app(app, "127.0.0.1", int(sys.argv[1]), threads=2)
"""
MIB = 1024 * 1024
MULTIPART = "multipart/form-data; boundary=B"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", APP, str(port)]) as process:

        def listens() -> bool:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                return False
            return True

        wait_until(listens)
        yield port
        process.terminate()


def ask(port: int, *lines: str, body: bytes = b"") -> bytes:
    """Send a head and a body as they are; return everything that comes until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=READY) as connection:
        connection.sendall("\r\n".join([*lines, "Host: localhost", "", ""]).encode() + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    ("path", "content_type", "length"),
    [
        ("/uploads", "application/json", 43 * MIB),
        ("/uploads", "application/x-www-form-urlencoded", 3 * MIB),
        ("/uploads", "text/plain", 3 * MIB),
        ("/other", MULTIPART, 3 * MIB),
        ("/uploads", MULTIPART, 45 * MIB),
    ],
)
def test_a_body_that_is_too_large_is_refused_before_it_comes(
    port: int, path: str, content_type: str, length: int
) -> None:
    """Not a byte of the body is sent: a server that waited for it would not answer."""
    lines = (f"POST {path} HTTP/1.1", f"Content-Type: {content_type}", f"Content-Length: {length}")
    assert ask(port, *lines).startswith(b"HTTP/1.1 413 ")


def test_a_body_in_chunks_ends_where_it_is_too_large(port: int) -> None:
    lines = ("POST /other HTTP/1.1", f"Content-Type: {MULTIPART}", "Transfer-Encoding: chunked")
    chunk = b"100000\r\n" + b"x" * MIB + b"\r\n"
    assert ask(port, *lines, body=chunk * 2 + b"100000\r\n").startswith(b"HTTP/1.1 413 ")


def test_a_little_too_much_is_answered_with_a_page(port: int) -> None:
    lines = ("POST /other HTTP/1.1", f"Content-Length: {MIB + 2}", "Connection: close")
    answer = ask(port, *lines, body=b"a=" + b"x" * MIB)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"<h1" in answer


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_body_with_two_lengths_is_refused_and_nothing_behind_it_is_answered(
    port: int, version: str, order: int
) -> None:
    """A server that uses the other length sees a second request in the body."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    body = b"0\r\n\r\n" + smuggled
    lengths = [f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"][::order]
    answer = ask(port, f"POST / HTTP/{version}", *lengths, body=body)
    assert answer.count(b"HTTP/1.") == 1
    assert b" 400 " in answer.splitlines()[0]
    assert b"smuggled" not in answer


def test_forms_of_every_size_arrive(port: int) -> None:
    """Small bodies lie in memory, large ones in a file."""
    for size in (10, 300_000, 2 * MIB, 43 * MIB):
        head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        body = head + b"x" * size + b"\r\n--B--\r\n"
        lines = ("POST /uploads HTTP/1.1", f"Content-Type: {MULTIPART}", f"Content-Length: {len(body)}")
        assert ask(port, *lines, "Connection: close", body=body).endswith(b"/uploads1"), size
