"""A telephone whose network, browser or server breaks off at a chosen point while its queue sends a report."""

import base64
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from browser import wizard
from browser.network import PATIENCE, Connection, Network
from browser.people import PHONE
from PIL import Image
from playwright.sync_api import BrowserContext, BrowserType, Error, Page

from civicportal.testing.browser import ARGUMENTS, program

SESSION, FORM = b"GET /queue/session ", b"POST /reports/new "
PICTURES = 2
TAB_MS = 10_000
"""Milliseconds for a further tab, on a busy machine."""


@dataclass(frozen=True)
class Cut:
    """A point at which something breaks.

    :ivar stage: ``add`` while the form is put into the queue; ``session`` before the token is asked for; ``request`` after
        ``part`` of the form has gone to the portal; ``arrived`` when it has answered, before the browser hears of it;
        ``answer`` after ``part`` of the answer; ``stored`` when the answer has gone to the browser.
    :ivar what: ``network``, ``browser``, ``server`` or ``worker``, the service worker.
    :ivar part: between 0 and 1.
    :ivar tabs: pages that send at the same time.
    """

    stage: str
    what: str = "network"
    part: float = 0.5
    tabs: int = 1

    def __str__(self) -> str:
        return f"{self.stage}-{self.part:.2f}-{self.what}-{self.tabs}"


class BreakingNetwork(Network):
    """A network that breaks once at a point.

    :ivar cut_at: the point; None for a network that holds.
    :ivar broke: called there, with the point.
    """

    def __init__(self, target: tuple[str, int], broke: Callable[[Cut], None]) -> None:
        super().__init__(target)
        self.RequestHandlerClass = BreakingConnection
        self.cut_at: Cut | None = None
        self.fired = threading.Event()
        self.broke = broke

    def expect(self, cut: Cut) -> None:
        """Break at the next such point."""
        self.fired.clear()
        self.cut_at = cut

    def fire(self) -> None:
        """Break."""
        cut, self.cut_at = self.cut_at, None
        if cut:
            self.broke(cut)
            self.fired.set()


class BreakingConnection(Connection):
    """Carries what one browser and the portal say to each other, until it breaks."""

    server: BreakingNetwork
    asked = b""
    gone = 0
    length = 0

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        up = source is self.request
        with suppress(OSError):  # the other side has gone
            while data := source.recv(16384):
                if up:
                    self._read(data)
                cut = self.server.cut_at
                rest = self._left(cut, len(data), up=up) if cut else None
                if rest is None:
                    target.sendall(data)
                    continue
                target.sendall(data[:rest])
                self.server.fire()
                return
            target.shutdown(socket.SHUT_WR)

    def _read(self, data: bytes) -> None:
        for start in (SESSION, FORM):
            if data.startswith(start):
                self.asked, self.gone = start, 0
                _before, _name, length = data.lower().partition(b"content-length: ")
                self.length = int(length.split(b"\r\n")[0]) if length else 0
                return

    def _left(self, cut: Cut, size: int, *, up: bool) -> int | None:
        """Return how many bytes still pass before it breaks; None if all do, and more."""
        if cut.stage == "session":
            return 0 if up and self.asked == SESSION else None
        if self.asked != FORM:
            return None
        if cut.stage == "request" and up:
            self.gone += size
            left = int(self.length * cut.part) - (self.gone - size)
            return max(left, 0) if left <= size else None
        if up:
            return None
        return {"arrived": 0, "answer": int(size * cut.part), "stored": size}.get(cut.stage)


def picture(seed: int) -> str:
    """Return a picture as base64."""
    image = Image.effect_noise((640, 480), 40 + seed).convert("RGB")
    data = BytesIO()
    image.save(data, "JPEG", quality=90)
    return base64.b64encode(data.getvalue()).decode()


MODULE = """const { ask } = await import(
    document.querySelector('script[src*="queue-page.js"]').src.replace('queue-page.js', 'queue.js')
);"""
#: The fields of the form, as its script puts them into the queue.
TEMPLATE = """async ([category, address]) => {
    const answer = await fetch('/reports/new');
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const form = page.querySelector('form[data-queue]');
    const owner = form.querySelector('[data-queue-status]').dataset.owner;
    const leaf = [...form.querySelectorAll('[name=category]')].find(
        (radio) => radio.closest('label').textContent.includes(category));
    form.querySelector('[name=address]').value = address;
    leaf.checked = true;
    const fields = [...new FormData(form)].filter(
        ([name, value]) => typeof value === 'string' && !['csrf_token', 'root', 'near_seen'].includes(name));
    return { owner, action: form.getAttribute('action'), page: '/reports/new', title: category, lines: [],
        fields: [...fields, ['near_seen', 'true']] };
}"""
ADD = f"""async ([template, key, words, pictures]) => {{
    {MODULE}
    const fields = template.fields.map(([name, value]) => [name, name === 'body' ? words : name === 'key' ? key : value]);
    const files = pictures.map((data) => {{
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        return {{ name: 'photo_key_files', blob: new Blob([bytes], {{ type: 'image/jpeg' }}) }};
    }});
    await ask('add', {{ entry: {{ ...template, key, fields, files, unsure: false }} }});
}}"""
FLUSH = f"async () => {{ {MODULE} await ask('flush').catch(() => {{}}); }}"
LIST = (
    f"async () => {{ {MODULE} return (await ask('list')).entries.map(({{ key, state }}) => [key, state]); }}"
)
#: → the states of the entries, when none waits any more.
SETTLE = f"""async () => {{
    {MODULE}
    for (let turn = 0; turn < 60; turn += 1) {{
        await ask('flush').catch(() => {{}});
        const entries = (await ask('list')).entries;
        if (entries.every((entry) => entry.state === 'sent' || entry.state === 'refused')) {{
            return entries.map((entry) => [entry.key, entry.state]);
        }}
        await new Promise((again) => setTimeout(again, 250));
    }}
    return (await ask('list')).entries.map((entry) => [entry.key, entry.state]);
}}"""


class Telephone:
    """A browser with a profile on the disk, which may be killed."""

    def __init__(self, kind: BrowserType, folder: Path, network: Network, cookies: list[Any]) -> None:
        self._kind, self._folder, self._network, self._cookies = kind, folder, network, cookies
        self._pictures = [picture(seed) for seed in range(PICTURES)]
        self._context: BrowserContext | None = None
        self._template: Any = None
        self.page = self.open()

    def open(self) -> Page:
        """Start it, or start it again, and return the page of the queue."""
        self._context = self._kind.launch_persistent_context(
            self._folder,
            executable_path=program(),
            args=ARGUMENTS,
            base_url=self._network.address,
            locale="fa-IR",
            **PHONE.options,
        )
        # Those of a session end with a browser that was killed.
        self._context.add_cookies(self._cookies)
        self.page = self._context.pages[0]
        self.page.goto("/queue")
        self.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        if self._template is None:
            self._template = self.page.evaluate(TEMPLATE, [wizard.CATEGORY, wizard.ADDRESS])
        return self.page

    def add(self, key: str, words: str) -> None:
        """Put a report with pictures into the queue."""
        self.page.evaluate(ADD, [self._template, key, words, self._pictures])

    def begin(self, key: str, words: str) -> None:
        """Begin to put it there, without waiting for it."""
        self.page.evaluate(
            f"async (given) => {{ window.done = ({ADD})(given); }}",
            [self._template, key, words, self._pictures],
        )

    def open_tabs(self, count: int) -> None:
        """Open as many more pages of the queue; one that does not come in time sends nothing."""
        assert self._context
        for _more in range(count):
            with suppress(Error):
                self._context.new_page().goto("/queue", timeout=TAB_MS)

    def flush(self) -> None:
        """Let all tabs send at once; what breaks is no error."""
        assert self._context
        with suppress(Error):
            for page in self._context.pages:
                if not page.url.endswith("/queue"):
                    continue
                page.evaluate(f"() => {{ window.done = ({FLUSH})(); }}")
            self.page.evaluate("() => window.done")

    def settle(self) -> dict[str, str]:
        """Send until nothing waits; return the states of the entries by key."""
        return dict(self.page.evaluate(SETTLE))

    def states(self) -> dict[str, str]:
        """Return the states of the entries by key."""
        return dict(self.page.evaluate(LIST))

    def kill(self) -> None:
        """Kill it with all its processes."""
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop_worker(self) -> None:
        """End the service worker, as a browser does with one that has nothing to do."""
        assert self._context
        session = self._context.new_cdp_session(self.page)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        session.detach()

    def close_other_tabs(self) -> None:
        """Leave one page."""
        assert self._context
        for page in self._context.pages:
            if page is not self.page:
                page.close()

    def close(self) -> None:
        """Close it, whether it was killed or not."""
        if self._context:
            with suppress(Error):
                self._context.close()

    def _processes(self) -> Iterator[int]:
        named = f"--user-data-dir={self._folder}".encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if named in path.read_bytes().split(b"\0"):
                    yield int(path.parent.name)


def wait(event: threading.Event) -> bool:
    """Wait until it breaks; return whether it did."""
    return event.wait(PATIENCE)
