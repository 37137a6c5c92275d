"""An import is continued after any interruption, and can be taken back."""

import gc
import random
import subprocess
import sys
import tracemalloc
from itertools import count

import pytest
from civicportal_reports.models import PlaceCount, Report
from senders import wait_until
from sqlalchemy import event, func, select

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.counter_models import CaseCount, CaseMonthCount, CaseTotal
from civicportal.domain.cases.models import Case, CaseEvent, CaseReference
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.repair import wrong_referrals
from civicportal.domain.statistics.repair import wrong_counters
from civicportal.portal.importing import ImportRefused, sources, undo_batch
from civicportal.portal.importing import run as running
from civicportal.portal.importing import undo as undoing
from civicportal.portal.importing.models import ImportBatch, ImportedRow
from civicportal.testing import identity, make_citizen
from tests.selection import LONG

from . import legacy

pytestmark = pytest.mark.both_databases

WRITTEN = (
    User,
    Case,
    CaseEvent,
    Referral,
    Report,
    CaseReference,
    ImportedRow,
    CaseCount,
    CaseMonthCount,
    CaseTotal,
    PlaceCount,
)
OWN = {
    "id",
    "code",
    "case_id",
    "citizen_id",
    "actor_id",
    "row_id",
    "batch_id",
    "previous_id",
    "digests",
    "digest",
}
OWN |= {"opened_event_id", "closed_event_id", "last_event_id", "pin_hash", "idempotency_key"}


LINES = 3000 if LONG else 1500
"""Three times what one transaction holds, so that a process is killed in time."""


class Interrupted(Exception):
    """Raised in the middle of an import."""


def contents(site):
    """Return all rows that an import writes, without what differs from one import to the next."""
    found = {}
    with site.work(write=False) as work:
        for model in WRITTEN:
            table = model.__table__
            columns = [column for column in table.columns if column.name not in OWN]
            query = select(*columns)
            if "n" in table.columns:
                query = query.where(table.c.n != 0)
            found[table.name] = sorted(map(repr, work.session.execute(query)))
    return found


def many(rng, number):
    """Return lines of cases and of their history, drawn from those of the old system."""
    cases, history = [], []
    for place in range(number):
        row = list(rng.choice(legacy.CASES))
        steps = [step for step in legacy.HISTORY if step[0] == row[0]]
        row[0], row[1] = f"k{place}", f"137-{place:04}"
        row[10] = rng.choice((row[10], f"0912{rng.randrange(50):07}"))
        cases.append(tuple(row))
        history += [(row[0], *step[1:]) for step in steps]
    return cases, history


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(running, "CHUNK", 3)
    monkeypatch.setattr(undoing, "CHUNK", 2)


def is_whole(site):
    return (
        wrong_counters(site) == []
        and wrong_referrals(site) == []
        and SearchIndex(site.engines).verify() == (0, 0)
    )


def interrupt_at(site, number):
    """Let the n-th statement that writes fail, as a kill does."""
    passed = count()

    def fail(_connection, _cursor, statement, *_rest):
        if statement.startswith(("INSERT", "UPDATE", "DELETE", "WITH")) and next(passed) == number:
            raise Interrupted

    event.listen(site.engines.write, "before_cursor_execute", fail)
    return lambda: event.remove(site.engines.write, "before_cursor_execute", fail)


@pytest.mark.parametrize("seed", range(12 if LONG else 3))
def test_an_import_interrupted_anywhere_is_continued(city, run, tmp_path, small_chunks, seed):
    rng = random.Random(seed)
    files = legacy.write(tmp_path / "old", *many(rng, 10))
    before = contents(city)
    interruptions = 0
    while True:
        stop = interrupt_at(city, rng.randrange(40))
        try:
            summary = run(files)
            break
        except Interrupted:
            interruptions += 1
        finally:
            stop()
        assert is_whole(city)
    assert interruptions
    batch = summary.batch
    with city.work(write=False) as work:
        assert len(work.session.scalars(select(ImportBatch)).all()) == 1
        assert len(work.session.scalars(select(Case)).all()) == 10
    interrupted = contents(city)
    assert undo_batch(city, batch, lambda done: None).kept == []
    assert contents(city) == before
    run(files)
    assert contents(city) == interrupted
    assert is_whole(city)


def test_importing_twice_is_importing_once(city, run, tmp_path, small_chunks):
    files = legacy.write(tmp_path / "old", *many(random.Random(5), 9))
    run(files)
    once = contents(city)
    more = legacy.write(tmp_path / "more", *many(random.Random(5), 9), encoding="utf-8")
    assert run(more).counts["cases"] == {"present": 9}
    assert contents(city) == once


def test_an_undo_interrupted_anywhere_is_continued(city, run, tmp_path, small_chunks):
    rng = random.Random(7)
    before = contents(city)
    batch = run(legacy.write(tmp_path / "old", *many(rng, 8))).batch
    for place in range(3, 60, 5):
        stop = interrupt_at(city, place)
        try:
            undo_batch(city, batch, lambda done: None)
            break
        except Interrupted:
            pass
        finally:
            stop()
        assert is_whole(city)
    assert place > 3
    assert contents(city) == before
    with pytest.raises(ImportRefused, match="undone already"):
        undo_batch(city, batch, lambda done: None)


def test_what_was_touched_since_stays(city, run, tmp_path):
    batch = run(legacy.write(tmp_path / "old")).batch
    with city.work() as work:
        code = work.session.scalar(select(Case.code).where(Case.status == "in_action"))
        officer = work.session.scalars(select(User).where(User.username == "officer_lighting")).one()
        actor = identity(work, officer)
    with city.work(actor=actor) as work:
        work.get(CaseService).comment(work.get(CaseService).fetch(code, lock=True), "دیده شد")
    result = undo_batch(city, batch, lambda done: None)
    assert (result.cases, result.kept) == (3, [code])
    with city.work(write=False) as work:
        assert work.session.scalars(select(Case.code)).all() == [code]
        assert work.session.get(ImportBatch, batch).state == "done"
    assert is_whole(city)
    # The same files bring back what was deleted, and not the other one again.
    assert run(legacy.write(tmp_path / "old")).counts["cases"] == {"new": 3, "present": 1}


def test_people_who_were_here_before_stay(city, run, tmp_path):
    with city.work() as work:
        make_citizen(work, "+989123456789", name="مریم احمدی")
    batch = run(legacy.write(tmp_path / "old")).batch
    assert undo_batch(city, batch, lambda done: None).people == 1
    with city.work(write=False) as work:
        citizens = select(User.mobile).where(User.username.is_(None))
        assert work.session.scalars(citizens).all() == ["+989123456789"]


def test_a_number_whose_person_was_erased_is_that_of_a_new_one(city, run, tmp_path):
    """Of the next file of the same system, with the numbers of those who have a case there."""
    run(legacy.write(tmp_path / "old"))
    with city.work() as work:
        erased = work.session.scalars(select(User).where(User.mobile == "+989123456789")).one()
        erased.mobile = None
    [case, *_others] = legacy.CASES
    path = tmp_path / "next" / "requests.csv"
    path.parent.mkdir()
    path.write_text(legacy.text_of(legacy.HEADERS, [("99-1", "۱۳۷-۹۹-۰۰۱", *case[2:])]), encoding="utf-8")
    summary = run([path])
    assert summary.counts["cases"] == {"new": 1}
    assert undo_batch(city, summary.batch, lambda done: None).people == 1


def test_people_who_have_left_are_not_brought_back(city, run, tmp_path, clock):
    with city.work() as work:
        gone = make_citizen(work, "+989123456789", name="", deleted_at=clock.now()).id
    run(legacy.write(tmp_path / "old"))
    with city.work(write=False) as work:
        assert work.session.scalars(select(Case).where(Case.citizen_id == gone)).all() == []
        assert work.session.get(User, gone).name == ""
        assert not any("مریم" in person for person in work.session.scalars(select(Case.search_person)))


def test_a_killed_process_is_continued(city, civic_environment, tmp_path):
    files = legacy.write(tmp_path / "old", *many(random.Random(11), LINES))
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(legacy.MAPPING, encoding="utf-8")
    command = [sys.executable, "-m", "civicportal", "--site", str(civic_environment.path), "import", "apply"]
    command += [*map(str, files), "--mapping", str(mapping), "--report", str(tmp_path / "report.csv")]

    def present():
        with city.work(write=False) as work:
            return work.session.scalar(select(func.count()).select_from(Case))

    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: present() > 0)
        process.kill()
    assert 0 < present() < LINES
    assert is_whole(city)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert present() == LINES
    assert "0 changed, 0 rejected" in done.stdout
    assert is_whole(city)


def test_many_rejected_lines_need_no_memory(city, run, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_BLOCK", 1 << 14)
    row = list(legacy.CASES[0])
    row[12] = "نامشخص"
    path = tmp_path / "requests.csv"

    def peak(number):
        path.write_text(
            legacy.text_of(legacy.HEADERS, [[f"k{n}", *row[1:]] for n in range(number)]), encoding="utf-8"
        )
        # What earlier tests have left is not looked through at each line.
        gc.collect()
        gc.freeze()
        tracemalloc.start()
        # What is left of a unit of work is a cycle: without this the peak depends on when Python looks for them.
        summary = run([path], apply=False, progress=lambda name, done: gc.collect() and None)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert summary.rejected == number
        return found

    peak(600)
    low, high = peak(1200), peak(4000)
    assert high < low * 1.3
