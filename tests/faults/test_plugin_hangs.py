"""A plugin that never returns from a hook: the rest of the portal answers, and what was sent to it is not lost."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from portal import READY, Process, free_port
from senders import wait_until
from sqlalchemy import select

from civicportal.core.clock import SystemClock
from civicportal.core.site import Site
from civicportal.domain.cases.models import CaseEvent
from civicportal.testing import (
    People,
    make_case,
    make_category,
    make_citizen,
    make_site,
    make_site_file,
    make_unit,
)

pytestmark = pytest.mark.fault

THREADS = 4
NOTE = "The asphalt is ordered."
SITE = '''
import threading
from pathlib import Path
from civicportal.api.plugins import hookimpl
from civicportal.api.web import DashboardWidget

FOLDER = Path(__file__).parent

def hang(where):
    """Leave a mark, and wait for what never comes as long as the test says so."""
    if (FOLDER / f"{where}.hangs").exists():
        (FOLDER / f"{where}.{threading.get_ident()}").touch()
        threading.Event().wait()

@hookimpl
def dashboard_widgets(request):
    hang("card")
    context = {"title": "SITE CARD", "text": "", "url": "/", "icon": "star", "tone": "b"}
    return [DashboardWidget(name="site", area="card", template="civicportal:templates/dashboard/card.jinja2", context=context)]

@hookimpl
def case_changed(change):
    if change.event.internal_text == "hang":
        hang("change")
'''

#: The server, which waits a second for what does not return: how long it waits otherwise is nothing to test.
IN_A_HURRY = """
import runpy
from civicportal.core.db import connections
from civicportal.core.serving import draining

connections.WRITER_SECONDS = draining.DRAIN_SECONDS = 1.0
runpy.run_module("civicportal", run_name="__main__", alter_sys=True)
"""


class Hanging:
    """A site with a package that hangs when it is told to, and its server.

    :ivar officer: token of an officer.
    :ivar codes: of the cases.
    """

    def __init__(self, folder: Path, site: Site) -> None:
        self.site, self._package = site, folder / "hanging_site"
        self.port, self.log = free_port(), folder / "server.log"
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        command = [sys.executable, "-c", IN_A_HURRY, "--site", str(site.path), "serve", "--no-worker"]
        command += [
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--processes",
            "1",
            "--threads",
            str(THREADS),
        ]
        self.server = Process(command, environment, self.log, f"http://127.0.0.1:{self.port}")
        with site.work() as work:
            unit = make_unit(work)
            citizen, category = make_citizen(work), make_category(work, unit=unit)
            cases = [make_case(work, citizen=citizen, category=category) for _ in range(THREADS)]
            self.codes = [case.code for case in cases]
        people = People(site)
        self.officer = people.sign_in(people.staff("officer"))

    def hang(self, where: str) -> None:
        (self._package / f"{where}.hangs").touch()

    def release(self, where: str) -> None:
        (self._package / f"{where}.hangs").unlink()

    def inside(self, where: str) -> int:
        """Return how many threads are in the hook and do not come back."""
        return sum(mark.suffix != ".hangs" for mark in self._package.glob(f"{where}.*"))

    def ask(self, path: str, token: str = "", form: dict[str, str] | None = None) -> tuple[int, str]:
        headers, body = {"Cookie": f"{self.site.cookie_name}={token}"} if token else {}, None
        if form is not None:
            headers |= {"Origin": self.server.address, "Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode({"csrf_token": self.site.keys.mac("csrf", token).hex(), **form})
        connection = HTTPConnection("127.0.0.1", self.port, timeout=READY)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def note(self, code: str, text: str) -> tuple[int, str]:
        """Send a note on a case as the officer."""
        return self.ask(f"/kartable/cases/{code}/comment", self.officer, {"sort": "note", "text": text})


@pytest.fixture
def portal(
    tmp_path: Path, empty_database: str, civic_session, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hanging]:
    package = tmp_path / "hanging_site"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "plugin.py").write_text(SITE)
    monkeypatch.syspath_prepend(str(tmp_path))
    path = make_site_file(tmp_path / "site", site={"database_url": empty_database, "package": "hanging_site"})
    site = make_site(path, clock=SystemClock())
    civic_session.databases.migrate(site)
    found = Hanging(tmp_path, site)
    yield found
    found.server.kill()
    site.engines.dispose()


@pytest.mark.both_databases
def test_a_card_that_never_comes_keeps_half_of_the_threads(portal: Hanging) -> None:
    portal.hang("card")
    portal.server.launch()
    portal.server.wait()
    with ThreadPoolExecutor(2 * THREADS) as visitors:
        visits = [visitors.submit(portal.ask, "/") for _ in range(2 * THREADS)]
        try:
            wait_until(lambda: sum(visit.done() for visit in visits) == 2 * THREADS - THREADS // 2)
            assert portal.inside("card") == THREADS // 2
            for visit in visits:
                if visit.done():
                    status, page = visit.result()
                    assert (status, "SITE CARD" in page) == (200, False)
            for path in ("/", "/track", "/login", "/healthz", "/readyz"):
                assert portal.ask(path)[0] == 200, path
            # It ends when it is asked to, without those that never come.
            portal.server.stop()
        finally:
            portal.server.kill()
    wait(visits)
    assert "hook dashboard_widgets of plugin site failed" in portal.log.read_text()
    assert f"{THREADS // 2} calls of the plugin site have not returned" in portal.log.read_text()


@pytest.mark.both_databases
def test_a_change_that_never_ends_is_rolled_back_with_its_process(portal: Hanging) -> None:
    hanging, other, *more = portal.codes
    portal.hang("change")
    portal.server.launch()
    portal.server.wait()
    with ThreadPoolExecutor(THREADS) as officers:
        notes = [officers.submit(portal.note, hanging, "hang")]
        try:
            wait_until(lambda: portal.inside("change") == 1)
            # Readers continue, and on PostgreSQL writers of other cases; SQLite has a single writer.
            assert portal.ask("/track")[0] == 200
            status, page = portal.note(other, NOTE)
            if portal.site.engines.dialect == "sqlite":
                assert (status, NOTE in page) == (503, True)
            else:
                assert status == 303
                notes += [officers.submit(portal.note, code, "hang") for code in more]
                wait_until(lambda: any(note.done() for note in notes))
                assert portal.inside("change") == THREADS // 2
                assert {note.result()[0] for note in notes if note.done()} == {503}
                assert portal.ask(f"/kartable/cases/{other}", portal.officer)[0] == 200
        finally:
            portal.server.kill()
    wait(notes)
    assert "hang" not in written(portal)
    portal.release("change")
    portal.server.launch()
    portal.server.wait()
    assert portal.note(hanging, "hang")[0] == 303
    assert written(portal)[-1] == "hang"


def written(portal: Hanging) -> list[str]:
    with portal.site.work(write=False) as work:
        notes = select(CaseEvent.internal_text).where(CaseEvent.type == "commented").order_by(CaseEvent.id)
        return list(work.session.scalars(notes))
