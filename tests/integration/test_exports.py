"""Exports of the core: the kartable's list and the worker's queue; no file is incomplete or another person's."""

import csv
import dataclasses
import re
import subprocess
import sys
import threading
import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO

import colander
import pytest
from senders import wait_until
from sqlalchemy import event, literal, select, text, true, update

from civicportal.api.exports import Export, ExportColumn, Masked, StatisticsExport
from civicportal.api.plugins import hookimpl
from civicportal.app import create_app
from civicportal.core.limits import LimitWindow
from civicportal.domain.accounts.models import Membership, Session, User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Case
from civicportal.domain.exports import rows, running
from civicportal.domain.exports.errors import TooManyRunning
from civicportal.domain.exports.jobs import clean_exports
from civicportal.domain.exports.models import ExportJob
from civicportal.domain.exports.running import LEASE, MOST_ATTEMPTS, make_next
from civicportal.domain.exports.services import KEPT, MOST_RUNNING, ExportService
from civicportal.domain.exports.types import StatisticsTable
from civicportal.domain.exports.views import printing
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.organization.models import Unit
from civicportal.portal.cleanup import clean_attachments
from civicportal.portal.worker.process import Worker
from civicportal.testing import identity, make_case, make_citizen, make_staff, make_unit, statements
from civicportal.util.errors import ConfigurationError
from civicportal.util.i18n import _

pytestmark = pytest.mark.both_databases

LIST = "/exports/kartable.list?view=everywhere"
CASES = 7
FILTERS = ("kind", "status", "category", "first", "last", "citizen")


@pytest.fixture
def desk(site):
    """Seven cases of the unit pr, an officer of it and a colleague."""
    with site.work() as work:
        unit = make_unit(work, "pr")
        citizen = make_citizen(work, name="زهرا احمدی")
        for number in range(CASES):
            make_case(work, citizen=citizen, subject=f"درخواست {number}")
        users = [make_staff(work, "officer", unit=unit, name=f"کارشناس {n}") for n in range(2)]
        return {"users": users, "staff": [identity(work, user) for user in users], "unit": unit.id}


@pytest.fixture
def office(app, sign_in, desk, monkeypatch):
    """Return a function that takes a list along; all of them are too large to come at once."""
    monkeypatch.setattr("civicportal.domain.exports.views.choose.MOST_AT_ONCE", 2)
    sign_in(desk["users"][0])

    def take(path=LIST, **form):
        token = app.get("/account").html.find("input", {"name": "csrf_token"})["value"]
        return app.post(path, {"format": "csv", "csrf_token": token, **form}, status="*")

    take.app = app
    take.token = lambda: app.get("/account").html.find("input", {"name": "csrf_token"})["value"]
    return take


def order(site, actor, **changes):
    """Order the whole list and return the key."""
    with site.work(actor=actor) as work:
        export = site.exports["kartable.list"]
        address = {"view": "everywhere"}
        job = work.get(ExportService).order(export, "csv", ["code", "subject"], address, [], "fa")
        for name, value in changes.items():
            setattr(job, name, value)
        return job.key


def job_of(site, key):
    with site.work(write=False) as work:
        return work.session.scalar(select(ExportJob).where(ExportJob.key == key))


def files_of(site):
    return list(site.storage.keys())


def trail(site):
    with site.work(write=False) as work:
        query = select(AuditEvent).where(AuditEvent.action.startswith("export:")).order_by(AuditEvent.id)
        return [(event.action, event.data.get("rows")) for event in work.session.scalars(query)]


class TestQueue:
    def test_a_large_list_is_written_by_the_worker_and_fetched(self, site, office):
        answer = office()
        assert answer.status_int == 303
        page = answer.follow()
        assert "خروجی در نوبت است." in page.text
        assert make_next(site)
        assert not make_next(site)
        ready = office.app.get(page.request.path)
        assert "فایل آماده است" in ready.text
        link = ready.html.select_one("a.btn-primary")["href"]
        rows = list(csv.reader(StringIO(office.app.get(link).body.decode("utf-8-sig"), newline="")))
        assert len(rows) == CASES + 1
        assert "خروجی‌های من" in office.app.get("/exports").text
        taken = [("export:order", None), ("export:make", CASES), ("export:take", CASES)]
        assert trail(site) == taken

    def test_names_are_in_the_language_of_the_person_who_ordered_it(self, site, desk):
        with site.work() as work:
            work.session.get(Unit, desk["unit"]).translations = {"en": {"name": "Public Relations"}}
        for locale, name in (("en", "Public Relations"), ("fa", "واحد pr")):
            key = order(site, desk["staff"][0], columns=["code", "unit"], locale=locale)
            assert make_next(site)
            with site.storage.open(job_of(site, key).file) as file:
                _head, *written = csv.reader(StringIO(file.read().decode("utf-8-sig"), newline=""))
            assert {row[1] for row in written} == {name}

    def test_others_write_while_the_store_is_asked_for_the_file(self, site, office, monkeypatch):
        key = office().location.rpartition("/")[2]
        assert make_next(site)
        opened = site.storage.open

        def open_slowly(name):
            with site.work() as work:
                make_unit(work, "meanwhile")
            return opened(name)

        monkeypatch.setattr(site.storage, "open", open_slowly)
        assert office.app.get(f"/exports/jobs/{key}/file").body

    def test_the_trail_knows_the_filters_without_numbers_of_people(self, site, office):
        office(f"{LIST}&q=09123456789&kind=petitions")
        with site.work(write=False) as work:
            event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "export:make")).one()
        assert event.data["export"] == "kartable.list"
        assert any("0912***6789" in words for words in event.data["filters"])

    def test_progress_is_told_to_the_script(self, site, office):
        path = office().location
        state = office.app.get(f"{path}/progress").json
        assert (state["running"], state["percent"]) == (True, 0)
        make_next(site)
        state = office.app.get(f"{path}/progress").json
        assert (state["running"], state["percent"]) == (False, 100)

    def test_another_persons_export_is_not_there(self, site, desk, app, sign_in):
        key = order(site, desk["staff"][0])
        make_next(site)
        for user, status in ((desk["users"][1], 404), (desk["users"][0], 200)):
            sign_in(user)
            for ending in ("", "/progress", "/file"):
                app.get(f"/exports/jobs/{key}{ending}", status=status)

    def test_whose_right_is_gone_does_not_get_the_file_that_is_left(self, site, desk, app, sign_in):
        key = order(site, desk["staff"][0])
        make_next(site)
        sign_in(desk["users"][0])
        app.get(f"/exports/jobs/{key}/file", status=200)
        with site.work() as work:
            reader = make_staff(work, "reader", permissions=["petitions:case:view"])
            mine = update(Membership).where(Membership.user_id == desk["users"][0].id)
            work.session.execute(mine.values(role_id=reader.memberships[0].role_id))
        app.get(f"/exports/jobs/{key}/file", status=404)
        assert trail(site)[-1] == ("export:take", CASES)

    def test_members_of_another_unit_do_not_get_the_file_of_the_former(self, site, desk, app, sign_in):
        key = order(site, desk["staff"][0])
        make_next(site)
        sign_in(desk["users"][0])
        with site.work() as work:
            elsewhere = make_unit(work, "elsewhere")
            mine = update(Membership).where(Membership.user_id == desk["users"][0].id)
            work.session.execute(mine.values(unit_id=elsewhere.id))
        app.get(f"/exports/jobs/{key}/file", status=404)
        assert "فایل دیگر در دسترس نیست" in app.get(f"/exports/jobs/{key}", status=200)
        assert f"{key}/file" not in app.get("/exports")
        with site.work() as work:
            work.session.execute(mine.values(unit_id=desk["unit"]))
        assert f"{key}/file" in app.get("/exports")
        app.get(f"/exports/jobs/{key}/file", status=200)

    def test_no_file_is_offered_before_it_is_whole(self, site, desk, app, sign_in):
        key = order(site, desk["staff"][0])
        sign_in(desk["users"][0])
        app.get(f"/exports/jobs/{key}/file", status=404)

    def test_cancelled_exports_are_not_written(self, site, office):
        page = office().follow()
        form = next(f for f in page.forms.values() if f.action.endswith("/cancel"))
        assert "خروجی لغو شد." in form.submit().follow().text
        assert not make_next(site)

    def test_few_at_a_time(self, site, desk, office):
        for _number in range(MOST_RUNNING):
            assert "/exports/jobs/" in office().location
        assert "تمام نشده است" in office().follow().text
        with pytest.raises(TooManyRunning):
            order(site, desk["staff"][0])
        order(site, desk["staff"][1])

    def test_the_worker_has_a_thread_for_it(self, site, desk):
        key = order(site, desk["staff"][0])
        Worker(site).run_once()
        assert job_of(site, key).state == "done"


class TestPaper:
    """The list as it is printed."""

    PRINT = LIST.replace("kartable.list", "kartable.list/print")

    @pytest.fixture
    def few(self, monkeypatch):
        monkeypatch.setattr(printing, "MOST_PRINTED", 3)

    def told(self, page):
        """The numbers of the notice above the list."""
        return [re.findall("[۰-۹]+", note.text) for note in page.html.select(".notice")]

    def test_says_how_many_rows_the_list_has_and_that_the_first_are_printed(self, site, office, few):
        page = office.app.get(f"{self.PRINT}&sort=oldest")
        shown = [row.text.strip() for row in page.html.select("tbody tr")]
        assert [f"درخواست {number}" in row for number, row in enumerate(shown)] == [True] * 3
        assert "۷ سطر" in page.html.select_one(".page-h").text
        assert self.told(page) == [["۷", "۳"]]
        assert trail(site)[-1] == ("export:print", 3)

    def test_counts_no_further_than_lists_do(self, office, few, monkeypatch):
        monkeypatch.setattr(printing, "MOST_COUNTED", 5)
        page = office.app.get(self.PRINT)
        assert "بیش از ۵" in page.html.select_one(".page-h").text
        assert self.told(page) == [["۵", "۳"]]

    def test_says_nothing_of_others_where_there_are_none(self, office, monkeypatch):
        monkeypatch.setattr(printing, "MOST_PRINTED", CASES)
        page = office.app.get(self.PRINT)
        assert len(page.html.select("tbody tr")) == CASES
        assert self.told(page) == []

    def test_reads_no_more_numbers_than_it_prints(self, office, few, site):
        with statements(site) as texts:
            office.app.get(self.PRINT)
        [numbers] = [said for said in texts if said.startswith("SELECT cases.id \n") and "ORDER BY" in said]
        assert "LIMIT" in numbers.rpartition("ORDER BY")[2]

    def test_is_limited(self, office, site, monkeypatch):
        monkeypatch.setitem(site.limits._windows, printing.LIMIT, (LimitWindow(1, 60),))
        office.app.get(self.PRINT, status=200)
        office.app.get(self.PRINT, status=429)
        assert trail(site) == [("export:print", CASES)]


class TestNobody:
    """The number 0 belongs to no one: a search for an unknown mobile leads to it."""

    def test_is_a_filter_of_every_page_and_file(self, site, office):
        page = office.app.get(f"{LIST}&citizen=0")
        to_list, to_paper = (link["href"] for link in page.html.select("a[href*='citizen=0']"))
        assert to_list.startswith("/kartable?")
        assert office.app.get(to_paper).html.select("tbody") == []
        written = office(f"{LIST}&citizen=0").body.decode("utf-8-sig")
        assert len(written.splitlines()) == 1
        with site.work(write=False) as work:
            asked = select(AuditEvent).where(AuditEvent.action.like("export:%")).order_by(AuditEvent.id)
            filters = [event.data["filters"] for event in work.session.scalars(asked)]
        assert [len(said) for said in filters] == [2, 2]

    def test_stays_one_where_the_worker_writes(self, site, desk):
        key = order(site, desk["staff"][0], address={"view": "everywhere", "citizen": "0"})
        assert make_next(site)
        assert job_of(site, key).done == 0


class TestOrder:
    """The file follows the list, also where what orders it moves while the file is written."""

    def codes(self, site, desk, **values):
        found = rows.export_rows(site, desk["staff"][0], "kartable.list", values)
        return [row["code"] for row in found]

    def page(self, site, desk, sort, view="all"):
        with site.work(actor=desk["staff"][0], write=False) as work:
            return [case.code for case, *_ in work.get(InboxService).page(view, InboxQuery(), sort=sort).rows]

    @pytest.fixture
    def moved(self, site, desk, clock):
        """The cases have deadlines and last changes that are not in the order in which they came."""
        with site.work() as work:
            for case in work.session.scalars(select(Case)):
                case.deadline = clock.now() + timedelta(hours=case.id * 5 % 7)
                case.updated_at = clock.now() + timedelta(minutes=case.id * 3 % 7)
        return desk

    @pytest.mark.parametrize("sort", ["deadline", "newest", "oldest", "updated"])
    @pytest.mark.parametrize("size", [2, 1000])
    def test_it_is_that_of_the_page(self, site, moved, monkeypatch, sort, size):
        monkeypatch.setattr(rows, "BATCH", size)
        assert self.codes(site, moved, sort=sort) == self.page(site, moved, sort)

    def test_without_a_word_it_is_the_usual_one_of_the_list(self, site, moved):
        assert self.codes(site, moved) == self.page(site, moved, "deadline")
        found = self.codes(site, moved, view="everywhere")
        assert found == self.page(site, moved, "newest", "everywhere")
        assert found == sorted(found, key=self.page(site, moved, "oldest", "everywhere").index, reverse=True)

    def test_the_worker_keeps_it(self, site, moved, office):
        office("/exports/kartable.list?sort=updated&columns=code", columns="code")
        assert make_next(site)
        with site.work(write=False) as work:
            job = work.session.scalars(select(ExportJob)).one()
        assert job.address["sort"] == "updated"
        with site.storage.open(job.file) as file:
            written = file.read().decode("utf-8-sig").split()
        assert [line for line in written if line.isdigit()] == self.page(site, moved, "updated")

    def test_a_case_that_moves_during_an_export_is_exported_once(self, site, moved, clock):
        wanted = self.page(site, moved, "deadline")
        order = rows.ExportQuery(
            export=site.exports["kartable.list"],
            values={**dict.fromkeys(FILTERS), "q": "", "view": "all"},
            columns=site.exports["kartable.list"].chosen(["code"]),
        )
        found = []
        for batch in rows.batches(site, moved["staff"][0], order, size=2):
            found += [row[0] for row in batch.rows]
            with site.work() as work:
                # The first ones go to the end, the last ones to the beginning.
                for case in work.session.scalars(select(Case)):
                    case.deadline = clock.now() + timedelta(days=100) - (case.deadline - clock.now())
        assert found == wanted


class TestTrouble:
    def test_cancelled_in_the_middle_leaves_no_file(self, site, desk, monkeypatch):
        key = order(site, desk["staff"][0])

        def cancel_meanwhile(*arguments, **options):
            with site.work(actor=desk["staff"][0]) as work:
                service = work.get(ExportService)
                assert service.cancel(service.own(key))
            yield from batches(*arguments, **options)

        batches = running.batches
        monkeypatch.setattr(running, "batches", cancel_meanwhile)
        assert make_next(site)
        assert job_of(site, key).state == "cancelled"
        assert files_of(site) == []

    def test_a_worker_that_is_told_to_stop_gives_it_back(self, site, desk):
        key = order(site, desk["staff"][0])
        stop = threading.Event()
        stop.set()
        assert make_next(site, stop)
        job = job_of(site, key)
        assert (job.state, job.attempts, job.locked_until) == ("waiting", 0, None)
        assert make_next(site)
        assert job_of(site, key).state == "done"

    def test_what_fails_is_tried_again_and_then_has_failed(self, site, clock, desk, app, sign_in):
        key = order(site, desk["staff"][0], columns=["code"], address={"kind": "nonsense"})
        for _attempt in range(MOST_ATTEMPTS):
            assert job_of(site, key).state == "waiting"
            assert make_next(site)
            assert not make_next(site)
            clock.advance(minutes=1)
        assert job_of(site, key).state == "failed"
        assert files_of(site) == []
        sign_in(desk["users"][0])
        assert "فایل نوشته نشد" in app.get(f"/exports/jobs/{key}").text

    def test_lost_workers_do_not_keep_it(self, site, clock, desk):
        key = order(site, desk["staff"][0])
        lease = running._lease(site)
        assert not make_next(site)
        clock.advance(seconds=LEASE.total_seconds())
        assert make_next(site)
        assert job_of(site, key).state == "done"
        with pytest.raises(running.ExportLeaseLost):
            running._settle(site, lease, done=1)

    def test_what_kills_every_worker_has_failed(self, site, clock, desk):
        key = order(site, desk["staff"][0])
        for _attempt in range(MOST_ATTEMPTS):
            assert running._lease(site)
            clock.advance(seconds=LEASE.total_seconds())
        assert running._lease(site) is None
        assert job_of(site, key).state == "failed"

    def test_rights_are_those_of_the_moment_it_is_written(self, site, desk):
        key = order(site, desk["staff"][0], attempts=MOST_ATTEMPTS - 1)
        with site.work() as work:
            work.session.execute(
                update(User).where(User.id == desk["users"][0].id).values(disabled_at=work.clock.now())
            )
        assert make_next(site)
        assert job_of(site, key).state == "failed"

    @pytest.mark.fault
    def test_a_killed_worker_leaves_nothing_half(self, site, clock, desk):
        with site.work() as work:
            for number in range(60):
                make_case(work, subject=f"درخواست {number}")
        key = order(site, desk["staff"][0])
        child = subprocess.Popen([sys.executable, "-c", SLOW_WORKER, str(site.path)])
        try:
            wait_until(lambda: job_of(site, key).done >= 3)
        finally:
            child.kill()
            child.wait()
        job = job_of(site, key)
        assert job.state == "running"
        assert 3 <= job.done < job.total
        assert files_of(site) == []
        clock.set(datetime.now(UTC) + LEASE + timedelta(minutes=1))
        assert make_next(site)
        job = job_of(site, key)
        assert (job.state, job.done) == ("done", CASES + 60)
        assert files_of(site) == [job.file]


#: A worker that writes case by case, and gets no further than the fourth.
SLOW_WORKER = """
import signal, sys
from itertools import islice
from pathlib import Path
from civicportal.core.clock import SystemClock
from civicportal.domain.exports import rows, running
from civicportal.testing import make_site

def some(*which):
    yield from islice(rows.batches(*which, size=1), 4)
    signal.pause()

running.batches = some
running.make_next(make_site(Path(sys.argv[1]), clock=SystemClock()))
"""


class TestSweeping:
    def test_files_go_after_some_days_with_their_rows(self, site, clock, desk):
        key = order(site, desk["staff"][0])
        make_next(site)
        clock.advance(seconds=KEPT.total_seconds() - 1)
        clean_exports(site)
        clean_attachments(site)
        assert files_of(site) == [job_of(site, key).file]
        clock.advance(seconds=2)
        clean_exports(site)
        assert (files_of(site), job_of(site, key)) == ([], None)

    def test_orders_that_wait_are_not_swept(self, site, clock, desk):
        key = order(site, desk["staff"][0])
        clock.advance(days=30)
        clean_exports(site)
        assert job_of(site, key).state == "waiting"


class TestScope:
    def test_of_what_one_may_only_look_at_nothing_is_taken(self, site, desk):
        from civicportal.domain.exports.rows import export_rows

        with site.work() as work:
            other = make_unit(work, "other")
            reader = make_staff(work, "reader", permissions=["petitions:case:view"])
            taker = make_staff(
                work, "taker", unit=other, permissions=["petitions:case:view", "petitions:case:export"]
            )
            role = taker.memberships[0].role_id
            work.session.add(Membership(user_id=reader.id, role_id=role, unit_id=other.id))
            case = work.session.scalars(select(Case).order_by(Case.id)).first()
            case.unit_id = other.id
            work.session.flush()
            work.session.expire(reader, ["memberships"])
            person = identity(work, reader)
        rows = list(export_rows(site, person, "kartable.list", {"view": "everywhere"}, ["code"]))
        assert [row["code"] for row in rows] == [case.code]

    def test_the_kartable_holds_what_its_view_holds(self, site, desk):
        from civicportal.domain.exports.rows import export_rows

        actor = desk["staff"][0]
        assert len(list(export_rows(site, actor, "kartable.list", {}))) == CASES
        assert list(export_rows(site, actor, "kartable.list", {"view": "closed"})) == []


class Gadgets:
    """Rows of a plugin of one test."""

    entities = (Case,)

    def __init__(self, work, values, names):
        self.values = values

    def query(self, *columns):
        return select(*columns).select_from(Case)

    def rows(self, found):
        return [case for (case,) in found]


class Crowd(Gadgets):
    """The same cases over and over, as long as only their numbers are asked for."""

    def query(self, *columns):
        if columns[0] is Case:
            return super().query(*columns)
        number = select(literal(1).label("n")).cte("number", recursive=True)
        number = number.union_all(select(number.c.n + 1).where(number.c.n < MANY // CASES))
        return select(*columns).select_from(Case).join(number, true())


MANY = 70_000


def test_of_a_long_list_little_more_than_the_numbers_is_held(site, desk):
    column = ExportColumn(name="code", title="code", value=lambda case: case.code)
    export = Export(name="crowd.list", title="", columns=(column,), source=Crowd, **SHARED)
    found = rows.batches(
        site, desk["staff"][0], rows.ExportQuery(export=export, values={}, columns=(column,))
    )
    tracemalloc.start()
    try:
        assert next(found).rows
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        found.close()
    assert peak < 40 * MANY


SHARED = {
    "permissions": ("petitions:case:export",),
    "route": "kartable",
    "schema": colander.MappingSchema,
    "bindings": lambda work: {},
}


def _offers():
    columns = (
        ExportColumn(name="code", title=_("Tracking code"), value=lambda case: case.code, kind="code"),
        ExportColumn(
            name="secret",
            title="secret",
            value=lambda case: Masked(masked="***", full="123"),
            personal="identity",
        ),
    )
    table = StatisticsTable(title="جدول", head=("نام", "تعداد"), rows=[("=1+1", 3), ("ب", None)])
    return (
        Export(name="gadget.list", title="فهرست", columns=columns, source=Gadgets, **SHARED),
        StatisticsExport(name="gadget.figures", title="آمار", tables=lambda work, values: [table], **SHARED),
    )


@pytest.fixture
def gadget(install, assemble_migrated, browse):
    """A site with the plugin above, an officer's browser, and the token of forms."""
    install.plugin("gadget", hookimpl(register_exports))
    site = assemble_migrated("gadget")
    with site.work() as work:
        make_unit(work, "pr")
        make_case(work, citizen=make_citizen(work))
        user = make_staff(work, permissions=["petitions:case:export", "petitions:case:view"])
    browser = browse(site, user, "staff")
    token = browser.get("/account").html.find("input", {"name": "csrf_token"})["value"]
    return site, browser, {"csrf_token": token}


def test_hook_register_exports_brings_lists_and_figures(gadget):
    _site, browser, form = gadget
    form = {**form, "format": "csv"}
    text = browser.post("/exports/gadget.list", form).body.decode("utf-8-sig")
    assert [len(line.split(",")) for line in text.splitlines()] == [2, 2]
    assert "***" not in text
    figures = browser.post("/exports/gadget.figures", form).body.decode("utf-8-sig").splitlines()
    assert all(line.startswith("دربارهٔ این فایل,") for line in figures[1:-2])
    assert figures[-2:] == ["جدول,'=1+1,تعداد,3", "جدول,ب,تعداد,"]


def test_a_column_spreads_under_filters_at_once_and_by_the_worker(gadget, monkeypatch):
    """The order keeps the name of the column that was chosen, not those that took its place."""
    site, browser, form = gadget
    own = ExportColumn(name="half", title="half", value=lambda case: case.subject[:1])
    both = ExportColumn(
        name="both", title="both", value=lambda case: "", spread=lambda work, values: [own, own]
    )
    known = site.exports["gadget.list"]
    monkeypatch.setitem(site.exports, known.name, dataclasses.replace(known, columns=(*known.columns, both)))
    form = {**form, "format": "csv", "columns": "both"}
    at_once = browser.post("/exports/gadget.list", form).body.decode("utf-8-sig")
    assert at_once.splitlines()[0] == "half,half"
    monkeypatch.setattr("civicportal.domain.exports.views.choose.MOST_AT_ONCE", 0)
    key = browser.post("/exports/gadget.list", form, status=303).location.rpartition("/")[2]
    assert job_of(site, key).columns == ["both"]
    assert make_next(site)
    with site.storage.open(job_of(site, key).file) as file:
        assert file.read().decode("utf-8-sig") == at_once


def test_names_and_numbers_are_taken_along_only_after_a_fresh_proof(gadget):
    site, browser, form = gadget
    with site.work() as work:
        work.session.execute(update(Session).values(proved_at=None))
    public = {**form, "format": "csv", "columns": "code"}
    assert browser.post("/exports/gadget.list?q=1", public).content_type == "text/csv"
    for columns in ({"columns": "secret"}, {"columns": "code", "full": "true"}):
        answer = browser.post("/exports/gadget.list?q=1", {**form, "format": "xlsx", **columns})
        assert answer.location.endswith("/account/confirm?next=%2Fexports%2Fgadget.list%3Fq%3D1")
    kept = browser.get("/exports/gadget.list?q=1").html
    assert kept.select_one("[name=format][value=xlsx]").has_attr("checked")
    assert trail(site) == [("export:make", 1)]


def register_exports():
    """Return both offers of the gadget."""
    return _offers()


def test_two_plugins_cannot_bring_exports_of_one_name(install, assemble):
    install.plugin("gadget", hookimpl(register_exports))
    install.plugin("widget", hookimpl(register_exports))
    with pytest.raises(ConfigurationError, match=r"gadget\.list"):
        create_app(assemble("gadget", "widget"))


@contextmanager
def impatient(engines):
    """Let new connections to PostgreSQL wait for little time."""

    def hurry(connection, _record):
        connection.execute("SET statement_timeout = '100ms'; SET lock_timeout = '200ms'")
        connection.commit()

    engines.dispose()
    event.listen(engines.read, "connect", hurry)
    try:
        yield
    finally:
        event.remove(engines.read, "connect", hurry)
        engines.dispose()


@pytest.mark.one_database("postgresql")
def test_what_cannot_be_counted_in_good_time_is_large(site, desk):
    export = site.exports["kartable.list"]
    values = {node.name: node.missing for node in export.schema().children}
    order = rows.ExportQuery(export=export, values=values, columns=export.columns)
    actor = desk["staff"][0]
    assert rows.count_few(site, actor, order, 100) == CASES
    with impatient(site.engines), site.engines.write.connect() as blocker, blocker.begin():
        blocker.execute(text("LOCK TABLE cases IN ACCESS EXCLUSIVE MODE"))
        assert rows.count_few(site, actor, order, 100) == 101
        assert rows.count(site, actor, order) is None
