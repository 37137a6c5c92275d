"""A test's application, served on loopback."""

import threading
from wsgiref.types import WSGIApplication

import waitress
from waitress.wasyncore import close_all, loop

SECONDS = 0.05
"""Interval at which the server checks whether to stop."""


class Server:
    """Serve a WSGI application until it is closed.

    :ivar address: URL without a trailing slash.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._sockets: dict[int, object] = {}
        self._server = waitress.create_server(
            app,
            map=self._sockets,
            host="127.0.0.1",
            port=0,
            threads=4,
            clear_untrusted_proxy_headers=True,
            asyncore_use_poll=True,
        )
        self.address = f"http://127.0.0.1:{self._server.effective_port}"
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="served application")
        self._thread.start()

    def _run(self) -> None:
        while not self._ends.is_set():
            loop(timeout=SECONDS, use_poll=True, map=self._sockets, count=1)

    def close(self) -> None:
        """Stop, and wait for every thread."""
        self._ends.set()
        self._thread.join()
        self._server.task_dispatcher.shutdown()
        close_all(self._sockets)
