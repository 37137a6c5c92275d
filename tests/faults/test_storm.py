"""Eight processes and eight officers act on one case: no update is lost, refused ones get a message, no 500."""

import http.client
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from portal import READY, Portal, Process
from selection import LONG
from sqlalchemy import select

from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.organization.models import Category
from civicportal.testing import People, make_case
from civicportal.testing.sms_simulator import API_KEY, LINE

pytestmark = pytest.mark.fault

PROCESSES = OFFICERS = 8
ROUNDS = 50 if LONG else 2
"""Each officer writes so many notes and marks the case so many times."""
AGAIN = (409, 503)
"""Statuses to retry: another request was first, or the case was locked for too long."""
MOST_TRIES = 400
"""Of one action. With eight officers one of eight tries wins, on average."""


class Officer(threading.Thread):
    """Writes notes on one case and marks it as urgent or not, each until it is acknowledged.

    :param together: where all officers wait for each other.
    :ivar answers: how often each status came.
    :ivar first: the answer to the first mark, which all officers send with the same version.
    :ivar marked: how many marks were acknowledged.
    """

    def __init__(
        self, portal: Portal, token: str, number: int, code: str, together: threading.Barrier
    ) -> None:
        super().__init__()
        self.answers = Counter[int]()
        self.first = self.marked = 0
        self.failed: BaseException | None = None
        self._portal, self._token, self._number = portal, token, number
        self._path, self._together = f"/kartable/cases/{code}", together

    def run(self) -> None:
        try:
            version = self._version()
            self._together.wait(READY)
            self.first = self._until((303, 409), lambda: self._mark(version))
            self.marked += self.first == 303
            for turn in range(ROUNDS):
                note = {"sort": "note", "text": note_of(self._number, turn)}
                self._until((303,), lambda note=note: self._post("comment", note))
                self._until((303,), lambda: self._mark(self._version()))
                self.marked += 1
        except BaseException as error:
            self._together.abort()
            self.failed = error

    def _until(self, statuses: tuple[int, ...], send: Callable[[], int]) -> int:
        for _ in range(MOST_TRIES):
            if (status := send()) in statuses:
                return status
        raise AssertionError(f"officer {self._number}: no {statuses} in {MOST_TRIES} tries: {self.answers}")

    def _version(self) -> str:
        pages = []
        self._until((200,), lambda: self._ask("GET", self._path, pages))
        [version] = set(re.findall(r'name="version" value="(\d+)"', pages[-1]))
        return version

    def _mark(self, version: str) -> int:
        return self._post("urgent", {"version": version, "urgent": str(self._number % 2 == 0).lower()})

    def _post(self, action: str, fields: dict[str, str]) -> int:
        body = urlencode({"csrf_token": self._portal.csrf(self._token), **fields})
        return self._ask("POST", f"{self._path}/{action}", [], body)

    def _ask(self, method: str, path: str, pages: list[str], body: str | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._portal.port, timeout=READY)
        headers = {
            "Cookie": f"{self._portal.site.cookie_name}={self._token}",
            "Origin": self._portal.address,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            pages.append(answer.read().decode())
        finally:
            connection.close()
        self.answers[answer.status] += 1
        assert answer.status in (200, 303, *AGAIN), pages[-1][:500]
        return answer.status


def note_of(number: int, turn: int) -> str:
    return f"note {turn} of officer {number}"


def served(portal: Portal, folder: Path) -> Process:
    arguments = ["--host", "127.0.0.1", "--port", str(portal.port), "--processes", str(PROCESSES)]
    return portal.prepare(
        "serve", *arguments, "--threads", "2", "--no-worker", log=folder / "storm.log", address=portal.address
    )


@pytest.mark.both_databases
def test_no_update_of_eight_processes_is_lost(tmp_path: Path, empty_database: str, civic_session) -> None:
    portal = Portal(
        tmp_path,
        empty_database,
        mode="development",
        make_tables=civic_session.databases.migrate,
        SMS_IR_API_KEY=API_KEY,
        SMS_IR_LINE=str(LINE),
    )
    with portal.site.work() as work:
        category = work.session.scalars(select(Category).where(Category.key == "pothole")).one()
        code = make_case(work, category=category, kind="reports").code
    people = People(portal.site)
    tokens = [people.sign_in(people.staff("storm")) for _ in range(OFFICERS)]
    begun = version_of(portal, code)
    server, together = served(portal, tmp_path), threading.Barrier(OFFICERS)
    officers = [Officer(portal, token, number, code, together) for number, token in enumerate(tokens)]
    server.launch()
    try:
        server.wait()
        for officer in officers:
            officer.start()
        for officer in officers:
            officer.join()
        log = (tmp_path / "storm.log").read_text(encoding="utf-8")
    finally:
        server.kill()
    assert [officer.failed for officer in officers] == [None] * OFFICERS, log[-3000:]
    assert Counter(officer.first for officer in officers) == {303: 1, 409: OFFICERS - 1}
    most = OFFICERS * ROUNDS + 1
    assert sum(officer.marked for officer in officers) == most
    with portal.site.work(write=False) as work:
        notes = Counter(
            work.session.scalars(select(CaseEvent.internal_text).where(CaseEvent.type == "commented"))
        )
        marks = work.session.scalars(
            select(CaseEvent.type).where(CaseEvent.type.in_(["urgent", "not_urgent"])).order_by(CaseEvent.id)
        ).all()
        urgent = work.session.scalars(select(Case.urgent)).one()
    assert notes == {note_of(number, turn): 1 for number in range(OFFICERS) for turn in range(ROUNDS)}
    assert len(marks) == most
    assert urgent is (marks[-1] == "urgent")
    assert version_of(portal, code) == begun + most
    portal.site.engines.dispose()
    answers = sum((officer.answers for officer in officers), Counter[int]())
    print(f"actions={most + OFFICERS * ROUNDS} answers={dict(answers)}")  # noqa: T201 - figures of a long run


def version_of(portal: Portal, code: str) -> int:
    with portal.site.work(write=False) as work:
        return work.session.scalars(select(Case.version).where(Case.code == code)).one()
