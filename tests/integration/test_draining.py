"""A server that is asked to end answers what has begun and takes nothing new."""

import http.client
import signal
import socket
import subprocess
import sys
import threading

import pytest
from portal import READY, free_port
from senders import wait_until

APP = """
import sys, time
from pathlib import Path
from civicportal.core.serving import draining
from civicportal.core.serving import prefork
from civicportal.tools import server

draining.DRAIN_SECONDS = prefork.STOP_SECONDS = 60.0
folder, port, processes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

def app(environ, start_response):
    body = environ["wsgi.input"].read()
    (folder / f"begun{time.monotonic_ns()}").touch()
    while not (folder / "may-end").exists():
        time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]

SERVE
"""
ONE = 'server.serve_app(app, "127.0.0.1", port, threads=1)'
SEVERAL = """
from civicportal.core.serving.prefork import Prefork

listening = server.listen("127.0.0.1", port)
Prefork(processes, lambda: server.serve_app(app, sockets=[listening], threads=1), listening).run()
"""


class Server:
    def __init__(self, folder, port, serve, processes):
        self.folder, self.port, self.answers = folder, port, []
        command = [sys.executable, "-c", APP.replace("SERVE", serve), str(folder), str(port), str(processes)]
        self.process = subprocess.Popen(command)
        wait_until(self.listens)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def begun(self):
        return len(list(self.folder.glob("begun*")))

    def let_end(self):
        (self.folder / "may-end").touch()

    def ask(self, words):
        """Ask, and wait in a thread; the answer is kept."""
        # Not in the thread: one that is scheduled late would find no server any more.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY)
        connection.request("POST", "/", words)

        def wait():
            self.answers.append(connection.getresponse().read())
            connection.close()

        thread = threading.Thread(target=wait)
        thread.start()
        return thread


@pytest.fixture(params=[(ONE, 1), (SEVERAL, 2)], ids=["one process", "several processes"])
def server(request, tmp_path):
    found = Server(tmp_path, free_port(), *request.param)
    yield found
    found.let_end()
    found.process.kill()
    found.process.wait()


def test_what_has_begun_is_answered_and_nothing_new_is_taken(server):
    late = socket.create_connection(("127.0.0.1", server.port), timeout=READY)
    late.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nla")
    # More than there are threads: some wait for their turn.
    threads = [server.ask(f"request {number}".encode()) for number in range(5)]
    wait_until(server.begun)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not server.listens())
    # As a service manager does that knows every process.
    server.process.send_signal(signal.SIGTERM)
    late.sendall(b"te")
    server.let_end()
    for thread in threads:
        thread.join()
    assert sorted(server.answers) == [f"request {number}".encode() for number in range(5)]
    assert late.makefile("rb").read().endswith(b"late")
    late.close()
    assert server.process.wait(READY) == 0
