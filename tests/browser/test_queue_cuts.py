"""A report in the queue arrives exactly once, with its pictures, whatever breaks off at any point while it is sent."""

import random
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.cuts import PICTURES, BreakingNetwork, Cut, Telephone, wait
from browser.test_queue import opened
from playwright.sync_api import Browser, BrowserType
from portal import Portal

pytestmark = pytest.mark.browser
SEED = 2026
POINTS = (
    Cut("add", "browser"),
    Cut("add", "worker"),
    Cut("session"),
    Cut("session", "browser"),
    Cut("request", part=0.0),
    Cut("request", part=0.3),
    Cut("request", part=0.7),
    Cut("request", part=0.99),
    Cut("request", "browser", 0.4),
    Cut("request", "worker", 0.5),
    Cut("request", "server", 0.6),
    Cut("arrived"),
    Cut("arrived", "browser"),
    Cut("arrived", "worker"),
    Cut("arrived", tabs=2),
    Cut("answer", part=0.2),
    Cut("answer", part=0.9),
    Cut("answer", "browser", 0.5),
    Cut("stored"),
    Cut("stored", "browser"),
)
STAGES = (
    "add",
    "session",
    "request",
    "request",
    "request",
    "arrived",
    "arrived",
    "answer",
    "answer",
    "stored",
    "stored",
)


def random_points(count: int) -> list[Cut]:
    """Return as many points, the same in every run."""
    chance = random.Random(SEED)
    return [
        Cut(
            chance.choice(STAGES),
            chance.choices(("network", "browser", "worker", "server"), (10, 6, 3, 1))[0],
            chance.random(),
            chance.choice((1, 1, 2, 3)),
        )
        for _point in range(count)
    ]


def random_letters() -> str:
    """Return letters that are no personal data: digits among them may read as a number plate."""
    return "".join(secrets.choice("abcdefgh") for _letter in range(16))


class Trial:
    """A telephone, its network and the portal, for one point after the other."""

    def __init__(
        self, kind: BrowserType, portal: Portal, folder: Path, sessions: Callable[[str], Any]
    ) -> None:
        host, _colon, port = portal.address.removeprefix("http://").partition(":")
        self.portal = portal
        self.broken = ""
        self.network = BreakingNetwork((host, int(port)), self._break)
        threading.Thread(target=self.network.serve_forever, daemon=True).start()
        self.telephone = Telephone(kind, folder, self.network, sessions("citizen")["cookies"])

    def close(self) -> None:
        """End all."""
        self.telephone.close()
        self.network.cut()
        self.network.shutdown()
        self.network.server_close()

    def send(self, cut: Cut) -> list[tuple[str, int]]:
        """Send a report that breaks off at a point, mend it, and return the cases that it has opened."""
        key, words = secrets.token_urlsafe(16), f"{random_letters()} کنار پل جدول شکسته است."
        self.broken = ""
        if cut.stage == "add":
            self.network.cut()
            self.telephone.begin(key, words)
            self._break(cut)
        else:
            self.network.cut()
            self.telephone.add(key, words)
            # Opened without a network: a page that opens sends at once.
            self.telephone.open_tabs(cut.tabs - 1)
            self.network.expect(cut)
            self.network.is_cut = False
            self.telephone.flush()
            assert wait(self.network.fired), f"nothing broke at {cut}"
        self._mend()
        if key not in self.telephone.states():
            # It was not in the queue yet: the form is still there with its draft, and is sent once more.
            assert cut.stage == "add"
            self.telephone.add(key, words)
        assert self.telephone.settle()[key] == "sent"
        return opened(self.portal, words)

    def _break(self, cut: Cut) -> None:
        self.broken = cut.what
        if cut.what == "browser":
            self.telephone.kill()
        elif cut.what == "server":
            self.portal.kill()
        self.network.cut()

    def _mend(self) -> None:
        if self.broken == "server":
            self.portal.start(worker=True)
        self.network.is_cut = False
        if self.broken == "browser":
            self.telephone.close()
            self.telephone.open()
        else:
            if self.broken == "worker":
                self.telephone.stop_worker()
            self.telephone.close_other_tabs()
            self.telephone.page.goto("/queue")


@pytest.fixture
def trial(
    portal: Portal, chromium: Browser, tmp_path: Path, sessions: Callable[[str], Any]
) -> Iterator[Trial]:
    started = Trial(chromium.browser_type, portal, tmp_path / "profile", sessions)
    yield started
    started.close()


def test_twenty_points(trial: Trial) -> None:
    results = {str(cut): [pictures for _code, pictures in trial.send(cut)] for cut in POINTS}
    assert len(results) == len(POINTS)
    assert {point: found for point, found in results.items() if found != [PICTURES]} == {}


@pytest.mark.long
def test_random_points(trial: Trial) -> None:
    cuts = random_points(500)
    results = [(str(cut), [pictures for _code, pictures in trial.send(cut)]) for cut in cuts]
    assert [(point, found) for point, found in results if found != [PICTURES]] == []
