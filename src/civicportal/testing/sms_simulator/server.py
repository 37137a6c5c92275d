"""The web service over HTTP, with faults on request."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, urlsplit

from civicportal.testing.sms_simulator.ledger import Ledger, written
from civicportal.testing.sms_simulator.provider import Answer, Inbound, Provider
from civicportal.util.values import Values

API_KEY = "a-key-of-the-simulator"
SANDBOX_KEY = "a-sandbox-key-of-the-simulator"

Mode = Literal[
    "ok",
    "bad_key",
    "no_credit",
    "429",
    "500",
    "html",
    "hang",
    "lost",
    "truncated",
    "problem_details",
    "redirect",
]
MODES: tuple[Mode, ...] = get_args(Mode)
"""Responses to a request. "lost": it is processed, but the response is not sent; "truncated": half of it is."""

_PROBLEM = {
    "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
    "title": "One or more validation errors occurred.",
    "status": 400,
    "errors": {"templateId": ["The JSON value could not be converted to System.Int32."]},
}
#: HTTP status, provider status, message and headers of the faults that have the provider's response format.
_FAULTS: dict[str, tuple[int, int, str, dict[str, str]]] = {
    "bad_key": (401, 10, "کلید وب سرویس نامعتبر است", {}),
    "no_credit": (400, 102, "اعتبار کافی نیست", {}),
    "429": (429, 20, "تعداد درخواست بیش از حد مجاز است", {"Retry-After": "90"}),
    "500": (500, 0, "درخواست شما با خطا مواجه شده‌است", {}),
}


class SmsSimulator(Provider):
    """The server; reachable from other processes too.

    :param ledger: file that gets a line of JSON for each request and each inbound message; never the key.
    :param keep: continue the state of an earlier run with this ledger.
    :ivar mode: how requests are answered.
    :ivar script: how the next requests are answered, before ``mode`` applies.
    :ivar hung: how many requests were left unanswered.
    """

    def __init__(self, ledger: Path, *, keep: bool = False) -> None:
        self.ledger = Ledger(ledger)
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._server = _Server(self, 0)
        self._port = self._server.server_port
        self._thread: threading.Thread | None = None
        self._begin()
        if keep:
            self.ledger.recall(self)
        else:
            self.ledger.clear()
        self.listen()

    @property
    def url(self) -> str:
        """Return the URL, the same for its whole life."""
        return f"http://127.0.0.1:{self._port}"

    def reset(self) -> None:
        """Reset all state, and answer normally again."""
        self._begin()
        self.ledger.clear()
        self.listen()

    def behave(self, mode: Mode) -> None:
        """Change how requests are answered; hanging requests are released."""
        self.mode = mode
        self._released.set()
        self._released = threading.Event()

    def _begin(self) -> None:
        super().__init__()
        self.script: deque[Mode] = deque()
        self.hung = 0
        self.behave("ok")

    def listen(self) -> None:
        """Accept connections again after they were refused."""
        if self._thread is None:
            self._server.server_activate()
            self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
            self._thread.start()

    def refuse(self) -> None:
        """Refuse connections from now on, while keeping the port."""
        self.close()
        self._server = _Server(self, self._port)

    def close(self) -> None:
        """Stop the server."""
        self._released.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def entries(self, path: str = "") -> list[Values]:
        """Return the lines of the ledger.

        :param path: only those with this path: ``send/verify``.
        """
        return self.ledger.entries(path)

    def receive(self, mobile: str, text: str) -> Inbound:
        """Receive a message from a person to the line.

        :param mobile: ``09…``.
        """
        with self._lock:
            message = super().receive(mobile, text)
            self.ledger.write({"method": "PERSON", "path": "", "received": written([message])})
        return message

    def serve(self, handler: "_Handler", body: object) -> None:
        """Answer one request as scripted."""
        parts = urlsplit(handler.path)
        path = parts.path.lower().removeprefix("/v1/").rstrip("/")
        key = handler.headers.get("X-API-KEY")
        with self._lock:
            mode = self.script.popleft() if self.script else self.mode
            is_known = key in (API_KEY, SANDBOX_KEY)
            entry = {"method": handler.command, "path": path, "body": body, "mode": mode, "key": is_known}
            answered = None
            if is_known and mode in ("ok", "lost", "truncated"):
                query = dict(parse_qsl(parts.query))
                answered = self._answer(entry, query, sandbox=key == SANDBOX_KEY)
            self.ledger.write(entry)
            self.hung += is_known and mode == "hang"
            released = self._released
        if answered is not None:
            self._send(handler, mode, *answered)
        else:
            self._fail(handler, mode if is_known else "bad_key", released)

    def _answer(self, entry: dict[str, Any], query: dict[str, str], *, sandbox: bool) -> Answer:
        sent, unread = len(self.sent), list(self.unread)
        answered = self.answer(entry["method"], entry["path"], query, entry["body"], sandbox=sandbox)
        entry["status"] = answered[1]["status"]
        entry["sent"] = written(self.sent[sent:])
        entry["shown"] = [message.number for message in unread if message not in self.unread]
        return answered

    def _send(self, handler: "_Handler", mode: Mode, code: int, payload: Values) -> None:
        content = json.dumps(payload, ensure_ascii=False).encode()
        if mode == "ok":
            handler.reply(code, content)
        elif mode == "truncated":
            handler.reply(code, content, written=len(content) // 2)

    def _fail(self, handler: "_Handler", mode: Mode, released: threading.Event) -> None:
        if mode == "hang":
            released.wait()
        elif mode == "html":
            handler.reply(200, "<html><body>ورود به شبکه</body></html>".encode(), kind="text/html")
        elif mode == "redirect":
            handler.reply(302, b"", headers={"Location": f"{self.url}/v1/credit"})
        elif mode == "problem_details":
            handler.reply(400, json.dumps(_PROBLEM).encode(), kind="application/problem+json")
        else:
            code, status, words, headers = _FAULTS[mode]
            content = json.dumps({"status": status, "message": words, "data": None}).encode()
            handler.reply(code, content, headers=headers)


class _Server(ThreadingHTTPServer):
    """A server bound to its port that listens on demand.

    Until then connections are refused.
    """

    daemon_threads = True

    def __init__(self, simulator: SmsSimulator, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler, bind_and_activate=False)
        self.simulator = simulator
        self.server_bind()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.simulator.serve(self, None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.server.simulator.serve(self, json.loads(self.rfile.read(length)))

    def reply(
        self,
        code: int,
        content: bytes,
        *,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        written: int | None = None,
    ) -> None:
        """Write a response, or its beginning."""
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:written])

    def log_message(self, *_: object) -> None:
        """Suppress log lines; the ledger has all requests."""
