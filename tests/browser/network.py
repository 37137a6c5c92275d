"""A network connection between a browser and the portal that tests cut."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from playwright.sync_api import Page

PATIENCE = 30
"""Seconds, on a busy machine."""
WAIT_FOR_PAGE = """async path => {
    for (let turn = 0; turn < 600; turn += 1) {
        const pages = await caches.has('pages') ? await caches.open('pages') : null;
        const scripts = await caches.match(document.querySelector('script[src*="portal.js"]').src);
        if (pages && scripts && await pages.match(path)) { return; }
        await new Promise(again => setTimeout(again, 50));
    }
    throw new Error(`${path}: not kept`);
}"""


def keep(page: Page, form: str) -> None:
    """Open the home page, and wait until the worker has the page of a form, which was never opened."""
    page.goto("/")
    page.evaluate(WAIT_FOR_PAGE, form)
    page.wait_for_load_state("networkidle")


class Network(socketserver.ThreadingTCPServer):
    """A network connection that can be cut or delayed."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.is_cut = False
        self.open: set[socket.socket] = set()
        self.held = b""
        self.arrived, self.released, self.answered = (threading.Event() for _ in range(3))
        super().__init__(("127.0.0.1", 0), Connection)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def cut(self) -> None:
        """Close the current connections, and refuse new ones."""
        self.is_cut = True
        for one in list(self.open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class Connection(socketserver.BaseRequestHandler):
    """Carries what one browser and the portal say to each other."""

    server: Network
    held = False

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as other:
            self.server.open |= {self.request, other}
            # Not before: who is cut off between is not among those that are open, and would go on.
            if self.server.is_cut:
                return
            back = threading.Thread(target=self.carry, args=(other, self.request), daemon=True)
            back.start()
            self.carry(self.request, other)
            back.join()
            self.server.open -= {self.request, other}

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # the other side has gone
            while data := source.recv(65536):
                if self.server.held and data.startswith(self.server.held):
                    self.held = True
                    self.server.arrived.set()
                    self.server.released.wait(PATIENCE)
                target.sendall(data)
                if self.held and source is not self.request:
                    self.server.answered.set()
            target.shutdown(socket.SHUT_WR)


@contextmanager
def connection(address: str) -> Iterator[Network]:
    """Return a network that leads to an address such as ``http://127.0.0.1:6543``."""
    host, _colon, port = address.removeprefix("http://").partition(":")
    with Network((host, int(port))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.cut()
        server.shutdown()
