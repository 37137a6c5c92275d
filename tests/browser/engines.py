"""Firefox and WebKit, steered by the commands of W3C WebDriver.

Debian has no driver that speaks HTTP for Firefox, but Firefox itself answers the same commands on its own socket
(Marionette). It speaks WebDriver BiDi too, which has other commands: the two would share no table. WebKitGTK brings ``WebKitWebDriver`` and a small browser, which needs a screen: Xvfb is one.
"""

import json
import os
import re
import shutil
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from portal import free_port
from senders import wait_until

#: The key under which an element stands in an answer of WebDriver.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
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
#: Each command with its name for Marionette and its method and path over HTTP.
COMMANDS = {
    "open": ("WebDriver:Navigate", "POST", "/url"),
    "run": ("WebDriver:ExecuteScript", "POST", "/execute/sync"),
    "resize": ("WebDriver:SetWindowRect", "POST", "/window/rect"),
    "forget_cookies": ("WebDriver:DeleteAllCookies", "DELETE", "/cookie"),
    "find": ("WebDriver:FindElement", "POST", "/element"),
    "click": ("WebDriver:ElementClick", "POST", "/element/{id}/click"),
    "clear": ("WebDriver:ElementClear", "POST", "/element/{id}/clear"),
    "act": ("WebDriver:PerformActions", "POST", "/actions"),
    "type": ("WebDriver:ElementSendKeys", "POST", "/element/{id}/value"),
}


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
    def send(self, command: str, **values: Any) -> Any:
        """Send one of :data:`COMMANDS` and return its value.

        :raises EngineError: when it fails.
        """

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
    """Debian's ``firefox-esr`` without a window, by Marionette: numbered messages of JSON, their length before them."""

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
        chosen = {**self.preferences, "marionette.port": port}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in chosen.items()]
        (profile / "user.js").write_text("".join(lines))
        # Errors of scripts stand in the console of the browser, which only this lets a driver read.
        options = ("--headless", "--marionette", "--remote-allow-system-access", "--no-remote")
        self.launch("firefox-esr", *options, "--profile", str(profile))
        self._socket = connected(port)
        self._answers = self._socket.makefile("rb")
        self._number = 0
        self._answer()
        self._ask("WebDriver:NewSession", {})

    def send(self, command: str, **values: Any) -> Any:
        answer = self._ask(COMMANDS[command][0], values)
        return answer.get("value") if isinstance(answer, dict) else answer

    def complaints(self) -> list[str]:
        script = """
            const found = Services.console.getMessageArray().filter((one) => one instanceof Ci.nsIScriptError
                && !(one.flags & Ci.nsIScriptError.warningFlag) && /^http/.test(one.sourceName))
            Services.console.reset()
            return found.map(String)
        """
        self._ask("Marionette:SetContext", {"value": "chrome"})
        found: list[str] = self.send("run", script=script, args=[])
        self._ask("Marionette:SetContext", {"value": "content"})
        # Leaving a page stops what it still loads, and Firefox logs that of the service worker as an error.
        return [error for error in found if not re.search("A ServiceWorker|AbortError", error)]

    def close(self) -> None:
        self._answers.close()
        self._socket.close()
        super().close()

    def _ask(self, name: str, values: dict[str, Any]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, name, values]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _kind, _number, error, value = self._answer()
        if error:
            raise EngineError(f"{name}: {error['error']}: {error['message']}")
        return value

    def _answer(self) -> Any:
        length = b""
        while (digit := self._answers.read(1)) != b":":
            if not digit:
                raise EngineError("the connection to Firefox ended")
            length += digit
        return json.loads(self._answers.read(int(length)))


class WebKit(Engine):
    """Debian's WebKitGTK: ``WebKitWebDriver`` over HTTP, its small browser on a screen of Xvfb."""

    name = "webkit"
    programs = ("WebKitWebDriver", "Xvfb")

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

    def send(self, command: str, **values: Any) -> Any:
        _name, method, path = COMMANDS[command]
        body = {name: value for name, value in values.items() if name != "id"}
        return self._ask(method, path.format(**values), body)

    def complaints(self) -> list[str]:
        said = self.log.read_text(errors="replace")
        new, self._read = said[self._read :], len(said)
        return re.findall(r"^CONSOLE (?:JS|SECURITY) ERROR .*", new, re.MULTILINE)

    def close(self) -> None:
        with suppress(EngineError):
            self._ask("DELETE", "", None)
        super().close()

    def _ask(self, method: str, path: str, body: Any) -> Any:
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


class Window:
    """The window of an engine, used as a person does; everything waits until it is possible.

    :param address: of the portal.
    """

    def __init__(self, engine: Engine, address: str) -> None:
        self.engine, self.address = engine, address

    def go(self, path: str) -> Self:
        """Go to a page of the portal."""
        self.engine.send("open", url=f"{self.address}{path}")
        return self

    def enter(self, name: str, token: str) -> None:
        """Hold the cookie of a session that is open; no cookie before stays."""
        self.go("/healthz").engine.send("forget_cookies")
        self.run("document.cookie = `${arguments[0]}=${arguments[1]}; path=/`", name, token)

    def leave(self) -> None:
        """Forget who one was, and what was written."""
        self.go("/healthz").engine.send("forget_cookies")
        self.run("localStorage.clear(); sessionStorage.clear()")

    def resize(self, width: int, height: int) -> None:
        """Change the size of the window, which has a smallest one."""
        self.engine.send("resize", width=width, height=height)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns."""
        return self.engine.send("run", script=script, args=list(arguments))

    def see(self, selector: str, text: str = "") -> str:
        """Return the id of the first element that is shown and has a text, and wait for it."""
        found: list[str] = []

        def look() -> bool:
            # Between two pages there is no document.
            with suppress(EngineError):
                element = self.run(FIND, selector, text)
                found.extend([element[ELEMENT]] if element else [])
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
        element = {ELEMENT: self.see(selector, text)}
        return " ".join(self.run("return arguments[0].innerText", element).split())

    def press(self, selector: str, text: str = "") -> None:
        """Click an element, in the middle of the window if it must be brought there."""
        element = self.see(selector, text)
        self.run("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", {ELEMENT: element})
        self.engine.send("click", id=element)

    def write(self, selector: str, text: str) -> None:
        """Replace the value of a field."""
        element = self.see(selector)
        self.engine.send("clear", id=element)
        self.engine.send("type", id=element, text=text)

    def strike(self, selector: str, key: str) -> None:
        """Strike a key of :data:`KEYS`, or a letter, while an element has the focus."""
        self.run("arguments[0].focus()", {ELEMENT: self.see(selector)})
        strokes = [{"type": kind, "value": KEYS.get(key, key)} for kind in ("keyDown", "keyUp")]
        self.engine.send("act", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def drag(self, selector: str, right: int, down: int) -> None:
        """Drag an element with the mouse, from its middle, as far as this many CSS pixels."""
        middle = """
            arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })
            const box = arguments[0].getBoundingClientRect()
            return [box.x + box.width / 2, box.y + box.height / 2].map(Math.round)
        """
        x, y = self.run(middle, {ELEMENT: self.see(selector)})
        moves = [(x + right * part // 4, y + down * part // 4) for part in range(5)]
        begin, *more = ({"type": "pointerMove", "x": x, "y": y, "duration": 20} for x, y in moves)
        steps = [begin, {"type": "pointerDown", "button": 0}, *more, {"type": "pointerUp", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}
        self.engine.send("act", actions=[mouse])

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a list."""
        self.see(selector)
        option = self.engine.send("find", using="css selector", value=f"{selector} option[value='{value}']")
        self.engine.send("click", id=option[ELEMENT])

    def choose_file(self, selector: str, path: Path) -> None:
        """Give a file to a field, which may be hidden behind a button."""
        element = self.engine.send("find", using="css selector", value=selector)
        self.engine.send("type", id=element[ELEMENT], text=str(path))

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
