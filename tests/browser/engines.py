"""Firefox by WebDriver BiDi and WebKit by the commands of W3C WebDriver.

Debian has no driver that speaks HTTP for Firefox, but Firefox itself answers WebDriver BiDi. WebKitGTK brings
``WebKitWebDriver`` and a small browser, which needs a screen: Xvfb is one.
"""

import json
import os
import re
import shutil
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from portal import free_port
from senders import wait_until
from websockets.sync.client import connect

#: Seconds until something must be there, for a busy machine.
PATIENCE = 30
KEYS = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Tab": "\ue004",
    "Up": "\ue013",
    "Right": "\ue014",
    "Down": "\ue015",
}
FIND = """
const [selector, text] = arguments
const shown = (one) => one.getClientRects().length && one.checkVisibility({ visibilityProperty: true })
return [...document.querySelectorAll(selector)].find((one) => shown(one) && one.textContent.includes(text)) || null
"""
#: Whether an element stands still in the middle of the window with nothing on top of it, asked again and again.
STILL = """
const [one] = arguments
one.scrollIntoView({ block: 'center', behavior: 'instant' })
const { x, y, width, height } = one.getBoundingClientRect()
const [place, before] = [`${x} ${y} ${width} ${height}`, one.lastPlace]
one.lastPlace = place
const there = document.elementFromPoint(x + width / 2, y + height / 2)
return place === before && there !== null && (one.contains(there) || there.contains(one))
"""
#: An element, as the protocol of its engine writes it. It may stand among the arguments of a script.
Element = dict[str, str]


class EngineMissing(Exception):
    """A browser is not installed; the message says what to install."""


class EngineError(Exception):
    """A command failed."""


class Engine(ABC):
    """A browser with one window.

    :param folder: for its profile and what it says.
    :ivar name: what it is called in the output of the tests.
    :ivar programs: what must be installed.
    :raises EngineMissing: when one of them is not.
    """

    name: str
    programs: tuple[str, ...]

    def __init__(self, folder: Path) -> None:
        for program in self.programs:
            if shutil.which(program) is None:
                raise EngineMissing(
                    f"{program} is missing (Debian: apt-get install firefox-esr webkit2gtk-driver xvfb)"
                )
        self.log = folder / f"{self.name}.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    @abstractmethod
    def open(self, url: str) -> None:
        """Go to a page and wait until it has loaded.

        :raises EngineError: when a command fails, as every method does.
        """

    @abstractmethod
    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script, the body of a function, returns."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Change the size of the window, in CSS pixels."""

    @abstractmethod
    def forget_cookies(self) -> None:
        """Delete all cookies of the page."""

    @abstractmethod
    def click(self, element: Element) -> None:
        """Click the middle of an element that is in view."""

    @abstractmethod
    def write(self, element: Element, text: str) -> None:
        """Replace the value of a field with keys."""

    @abstractmethod
    def choose(self, option: Element) -> None:
        """Choose an option of a list."""

    @abstractmethod
    def choose_file(self, field: Element, path: Path) -> None:
        """Give a file to a field."""

    @abstractmethod
    def act(self, device: dict[str, Any]) -> None:
        """Perform the actions of a keyboard or a mouse, which both protocols write alike."""

    @abstractmethod
    def complaints(self) -> list[str]:
        """Return the errors of scripts since the last call."""

    def launch(self, *command: str, **environment: str) -> None:
        """Start a process that ends with the engine."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
        self._processes.append(process)

    def close(self) -> None:
        """End its processes, the last one first."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(PATIENCE)


class Firefox(Engine):
    """Debian's ``firefox-esr`` without a window."""

    name = "firefox"
    programs = ("firefox-esr",)
    preferences = {
        "intl.accept_languages": "fa-IR, fa",
        "remote.prefs.recommended": True,
        "ui.prefersReducedMotion": 1,
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        profile, port = folder / "profile", free_port()
        profile.mkdir()
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in self.preferences.items()
        ]
        (profile / "user.js").write_text("".join(lines))
        options = ("--headless", "--no-remote", f"--remote-debugging-port={port}")
        self.launch("firefox-esr", *options, "--profile", str(profile))
        connected(port).close()
        self._numbers = count(1)
        self._errors: list[str] = []
        self._connected = ExitStack()
        connection = connect(f"ws://127.0.0.1:{port}/session", max_size=None, proxy=None)
        self._connection = self._connected.enter_context(connection)
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        # In the tab that it opens by itself the focus stays in the address bar, and pages hear of none.
        self._tab = self._ask("browsingContext.create", type="tab")["context"]

    def open(self, url: str) -> None:
        self._ask("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def run(self, script: str, *arguments: Any) -> Any:
        answer = self._ask(
            "script.callFunction",
            functionDeclaration=f"function () {{{script}}}",
            arguments=[local_value(argument) for argument in arguments],
            target={"context": self._tab},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise EngineError(answer["exceptionDetails"]["text"])
        return remote_value(answer["result"])

    def resize(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        self._ask("browsingContext.setViewport", context=self._tab, viewport=viewport)

    def forget_cookies(self) -> None:
        self._ask("storage.deleteCookies")

    def click(self, element: Element) -> None:
        there = {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": element}}
        click = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self.act({"type": "pointer", "id": "mouse", "actions": [there, *click]})

    def write(self, element: Element, text: str) -> None:
        self.run("arguments[0].focus(); arguments[0].select()", element)
        strokes = [{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")]
        self.act({"type": "key", "id": "keyboard", "actions": strokes})

    def choose(self, option: Element) -> None:
        # A list opens outside the page. This is what W3C WebDriver prescribes for the click on an option.
        self.run(
            """
            const [option] = arguments
            const list = option.closest("select")
            list.focus()
            option.selected = true
            for (const type of ["input", "change"]) list.dispatchEvent(new Event(type, { bubbles: true }))
            """,
            option,
        )

    def choose_file(self, field: Element, path: Path) -> None:
        self._ask("input.setFiles", context=self._tab, element=field, files=[str(path)])

    def act(self, device: dict[str, Any]) -> None:
        self._ask("input.performActions", context=self._tab, actions=[device])

    def complaints(self) -> list[str]:
        # What was logged before the answer to a command has come with it.
        self._ask("session.status")
        found, self._errors = self._errors, []
        # Leaving a page stops what it still loads, and Firefox logs that of the service worker as an error.
        return [error for error in found if not re.search("A ServiceWorker|AbortError", error)]

    def close(self) -> None:
        self._connected.close()
        super().close()

    def _ask(self, method: str, **values: Any) -> Any:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": values}))
        while True:
            answer = json.loads(self._connection.recv(timeout=2 * PATIENCE))
            if answer["type"] == "event":
                self._hear(answer["params"])
            elif answer["id"] == number:
                break
        if answer["type"] == "error":
            raise EngineError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def _hear(self, entry: dict[str, Any]) -> None:
        if entry["type"] == "javascript" and entry["level"] == "error":
            frames = (entry.get("stackTrace") or {}).get("callFrames") or [{"url": "", "lineNumber": 0}]
            self._errors.append(f"{frames[0]['url']}:{frames[0]['lineNumber']}: {entry['text']}")


class WebKit(Engine):
    """Debian's WebKitGTK: ``WebKitWebDriver`` over HTTP, its small browser on a screen of Xvfb."""

    name = "webkit"
    programs = ("WebKitWebDriver", "Xvfb")
    #: The key under which an element stands in an answer of WebDriver.
    reference = "element-6066-11e4-a52e-4f735466cecf"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        browser = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
        screen, port = f":{free_port()}", free_port()
        self.launch("Xvfb", screen, "-screen", "0", "1400x1000x24", "-nolisten", "tcp")
        wait_until(Path(f"/tmp/.X11-unix/X{screen[1:]}").exists)
        self._read = 0
        self._session = ""
        self._address = f"http://127.0.0.1:{port}/session"
        self.launch(
            "WebKitWebDriver",
            f"--port={port}",
            DISPLAY=screen,
            # Its usual renderer draws one frame a second on Xvfb, so nothing moves: a map does not follow the keys.
            WEBKIT_DISABLE_DMABUF_RENDERER="1",
            LIBGL_ALWAYS_SOFTWARE="1",
            LANG="fa_IR.UTF-8",
            LANGUAGE="fa",
        )
        connected(port).close()
        arguments = ["--automation", "--enable-write-console-messages-to-stdout=true"]
        options = {"webkitgtk:browserOptions": {"binary": str(browser), "args": arguments}}
        answer = self._ask("POST", "", {"capabilities": {"alwaysMatch": options}})
        self._session = f"/{answer['sessionId']}"

    def open(self, url: str) -> None:
        # It may answer while the page before still stands there.
        self.run("window.stays = true")
        self._ask("POST", "/url", {"url": url})
        wait_until(self._has_left, PATIENCE)

    def run(self, script: str, *arguments: Any) -> Any:
        return self._ask("POST", "/execute/sync", {"script": script, "args": arguments})

    def resize(self, width: int, height: int) -> None:
        self._ask("POST", "/window/rect", {"width": width, "height": height})

    def forget_cookies(self) -> None:
        self._ask("DELETE", "/cookie")

    def click(self, element: Element) -> None:
        self._ask("POST", f"/element/{element[self.reference]}/click", {})

    def write(self, element: Element, text: str) -> None:
        self._ask("POST", f"/element/{element[self.reference]}/clear", {})
        self._type(element, text)

    def choose(self, option: Element) -> None:
        self.click(option)

    def choose_file(self, field: Element, path: Path) -> None:
        self._type(field, str(path))

    def act(self, device: dict[str, Any]) -> None:
        self._ask("POST", "/actions", {"actions": [device]})

    def complaints(self) -> list[str]:
        said = self.log.read_text(errors="replace")
        new, self._read = said[self._read :], len(said)
        return re.findall(r"^CONSOLE (?:JS|SECURITY) ERROR .*", new, re.MULTILINE)

    def close(self) -> None:
        with suppress(EngineError):
            self._ask("DELETE", "")
        super().close()

    def _has_left(self) -> bool:
        with suppress(EngineError):
            return bool(self.run("return !window.stays && document.readyState === 'complete'"))
        return False

    def _type(self, element: Element, text: str) -> None:
        self._ask("POST", f"/element/{element[self.reference]}/value", {"text": text})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if method == "POST" else None
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self._address}{self._session}{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=2 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            raise EngineError(error.read().decode()) from None


ENGINES = {engine.name: engine for engine in (Firefox, WebKit)}


def connected(port: int) -> socket.socket:
    """Return a connection to a program that is starting."""
    found: list[socket.socket] = []

    def try_once() -> bool:
        with suppress(ConnectionRefusedError):
            found.append(socket.create_connection(("127.0.0.1", port)))
        return bool(found)

    wait_until(try_once)
    return found[0]


def local_value(value: Any) -> dict[str, Any]:
    """Return an argument of a script as WebDriver BiDi writes it: a text or an element."""
    return {"type": "string", "value": value} if isinstance(value, str) else value


def remote_value(value: dict[str, Any]) -> Any:
    """Return what a script returned from what WebDriver BiDi writes: an element as its reference, lists of both."""
    match value["type"]:
        case "null" | "undefined":
            return None
        case "node":
            return {"sharedId": value["sharedId"]}
        case "array":
            return [remote_value(one) for one in value["value"]]
    return value["value"]


class Window:
    """The window of an engine, used as a person does; everything waits until it is possible.

    :param address: of the portal.
    """

    def __init__(self, engine: Engine, address: str) -> None:
        self.engine, self.address = engine, address

    def go(self, path: str) -> Self:
        """Go to a page of the portal."""
        self.engine.open(f"{self.address}{path}")
        return self

    def enter(self, name: str, token: str) -> None:
        """Hold the cookie of a session that is open; no cookie before stays."""
        self.go("/healthz").engine.forget_cookies()
        self.run("document.cookie = `${arguments[0]}=${arguments[1]}; path=/`", name, token)

    def leave(self) -> None:
        """Forget who one was, and what was written."""
        self.go("/healthz").engine.forget_cookies()
        self.run("localStorage.clear(); sessionStorage.clear()")

    def resize(self, width: int, height: int) -> None:
        """Change the size of the window, which has a smallest one."""
        self.engine.resize(width, height)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns."""
        return self.engine.run(script, *arguments)

    def see(self, selector: str, text: str = "") -> Element:
        """Return the first element that is shown and has a text, and wait for it."""
        found: list[Element] = []

        def look() -> bool:
            # Between two pages there is no document.
            with suppress(EngineError):
                element = self.run(FIND, selector, text)
                found.extend([element] if element else [])
            return bool(found)

        self._wait(look, f"{selector} {text!r} is shown")
        return found[0]

    def wait_for(self, selector: str) -> None:
        """Wait for an element that may be hidden."""
        script = "return document.querySelector(arguments[0]) !== null"
        self._wait(lambda: bool(self.run(script, selector)), f"{selector} is there")

    def miss(self, selector: str) -> None:
        """Wait until no element like it is shown."""
        self._wait(lambda: self.run(FIND, selector, "") is None, f"{selector} is not shown")

    def read(self, selector: str, text: str = "") -> str:
        """Return the text of an element."""
        return " ".join(self.run("return arguments[0].innerText", self.see(selector, text)).split())

    def press(self, selector: str, text: str = "") -> None:
        """Click an element in the middle of the window, when it can be clicked there."""
        element = self.see(selector, text)
        self._wait(lambda: bool(self.run(STILL, element)), f"{selector} {text!r} can be clicked")
        self.engine.click(element)

    def write(self, selector: str, text: str) -> None:
        """Replace the value of a field."""
        self.engine.write(self.see(selector), text)

    def strike(self, selector: str, key: str) -> None:
        """Strike a key of :data:`KEYS`, or a letter, while an element has the focus."""
        self.run("arguments[0].focus()", self.see(selector))
        strokes = [{"type": kind, "value": KEYS.get(key, key)} for kind in ("keyDown", "keyUp")]
        self.engine.act({"type": "key", "id": "keyboard", "actions": strokes})

    def drag(self, selector: str, right: int, down: int) -> None:
        """Drag an element with the mouse, from its middle, as far as this many CSS pixels."""
        middle = """
            arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })
            const box = arguments[0].getBoundingClientRect()
            return [box.x + box.width / 2, box.y + box.height / 2].map(Math.round)
        """
        x, y = self.run(middle, self.see(selector))
        moves = [(x + right * part // 4, y + down * part // 4) for part in range(5)]
        begin, *more = ({"type": "pointerMove", "x": x, "y": y, "duration": 20} for x, y in moves)
        steps = [begin, {"type": "pointerDown", "button": 0}, *more, {"type": "pointerUp", "button": 0}]
        mouse = {"pointerType": "mouse"}
        self.engine.act({"type": "pointer", "id": "mouse", "parameters": mouse, "actions": steps})

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a list."""
        self.see(selector)
        option = f"{selector} option[value='{value}']"
        self.engine.choose(self.run("return document.querySelector(arguments[0])", option))

    def choose_file(self, selector: str, path: Path) -> None:
        """Give a file to a field, which may be hidden behind a button."""
        field = self.run("return document.querySelector(arguments[0])", selector)
        self.engine.choose_file(field, path)

    def arrive(self, pattern: str) -> str:
        """Wait for the page whose path matches, and return the path."""

        def there() -> bool:
            with suppress(EngineError):
                ready = "return document.readyState === 'complete' ? location.pathname + location.search : ''"
                path = self.run(ready) or ""
                if re.search(pattern, path):
                    found.append(path)
            return bool(found)

        found: list[str] = []
        self._wait(there, f"the page {pattern} is there")
        return found[0]

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        try:
            wait_until(holds, PATIENCE)
        except AssertionError:
            where = self.run("return location.href + ' ' + document.body.innerText.slice(0, 600)")
            raise AssertionError(f"not so: {what}\n{where}") from None
