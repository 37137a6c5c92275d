"""A demo portal with its worker, and signed-in browsers."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from browser.network import Network, connection
from browser.people import DESKTOP, PHONE, VISITOR, Screen, sign_in
from browser.samples import send_report, who
from playwright.sync_api import Browser, BrowserContext, Page, expect
from portal import DATABASE, Portal, loaded_demo, running

from civicportal.testing.browser import PATIENCE, Watch
from civicportal.testing.postgres import TemporaryCluster

Open = Callable[..., Page]
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Portal]:
    """Return the demo, served, with its worker: on SQLite, or on PostgreSQL with ``--civic-db postgresql``."""
    folder = tmp_path_factory.mktemp("portal")
    with ExitStack() as stack:
        if request.config.getoption("--civic-db") == "postgresql":
            cluster = TemporaryCluster()
            stack.callback(cluster.stop)
            portal = running(folder, cluster.create_database(), people=True)
        else:
            base = tmp_path_factory.getbasetemp()
            demo = loaded_demo(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
            portal = running(folder, f"sqlite:///{folder / DATABASE}", copied=demo)
        with portal as started:
            started.start(worker=True)
            yield started


@pytest.fixture(params=[PHONE, DESKTOP], ids=lambda screen: screen.name)
def screen(request: pytest.FixtureRequest) -> Screen:
    """Return the size of the window: a test that takes it runs on a phone and on a desktop."""
    chosen: Screen = request.param
    return chosen


@pytest.fixture(scope="session")
def sessions(portal: Portal, chromium: Browser) -> Callable[[str], Any]:
    """Return a function that returns the cookies of a role."""
    kept: dict[str, Any] = {}

    def state(role: str) -> Any:
        if role not in kept:
            context = chromium.new_context(base_url=portal.address, locale="fa-IR")
            context.set_default_timeout(PATIENCE)
            sign_in(context.new_page(), role)
            kept[role] = context.storage_state()
            context.close()
        return kept[role]

    return state


class Browsers:
    """The browsers of one test, each a person's own.

    :param sessions: gives the cookies of a role.
    """

    def __init__(self, chromium: Browser, address: str, sessions: Callable[[str], Any]) -> None:
        self._chromium = chromium
        self._address = address
        self._sessions = sessions
        self._opened: list[tuple[BrowserContext, Watch]] = []

    def open(self, role: str = VISITOR, screen: Screen = DESKTOP, **options: Any) -> Page:
        """Open a browser for a person; options are those of a browser context."""
        context = self._chromium.new_context(
            base_url=self._address,
            locale="fa-IR",
            timezone_id="Asia/Tehran",
            reduced_motion="reduce",
            storage_state=None if role == VISITOR else self._sessions(role),
            **{**screen.options, **options},
        )
        context.set_default_timeout(PATIENCE)
        self._opened.append((context, Watch(context, self._address)))
        return context.new_page()

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """Return what they complained about so far."""
        return [complaint for _context, watch in self._opened for complaint in watch.complaints]

    def close(self) -> None:
        """Close them all.

        :raises AssertionError: when one of them complained about anything.
        """
        complaints = self.complaints
        self.end()
        assert not complaints

    def end(self) -> None:
        """Close them all, whatever they complained about."""
        for context, _watch in self._opened:
            context.close()


@pytest.fixture
def open_page(portal: Portal, chromium: Browser, sessions: Callable[[str], Any]) -> Iterator[Open]:
    """Return a function that opens a separate browser for a person: ``open_page(role, screen, **options)``."""
    browsers = Browsers(chromium, portal.address, sessions)
    yield browsers.open
    browsers.close()


@pytest.fixture
def code(portal: Portal) -> str:
    """Return the code of a new report of the neighbour, in the kartable of the roads."""
    with portal.site.work() as work:
        neighbour = who(work, "neighbour")
    return send_report(portal, neighbour)


@pytest.fixture
def own_code(portal: Portal) -> str:
    """Return the code of a new report of the citizen."""
    with portal.site.work() as work:
        citizen = who(work, "citizen")
    return send_report(portal, citizen)


@pytest.fixture
def network(portal: Portal) -> Iterator[Network]:
    """Return a network to the portal that can be cut."""
    with connection(portal.address) as server:
        yield server


@pytest.fixture
def phone(
    network: Network, chromium: Browser, sessions: Callable[[str], Any]
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a telephone on the network that can be cut, by default a citizen's."""
    browsers = Browsers(chromium, network.address, sessions)

    def open_(role: str = "citizen") -> Page:
        return browsers.open(role, PHONE)

    yield open_
    # Pages complain about a network that is cut.
    browsers.end()
