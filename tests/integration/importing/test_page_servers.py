"""Moving in from another Open311 server on the page: our own, of another site."""

import csv
import io
import json
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import func, select

from civicportal.domain.accounts.models import User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Attachment, Case, CaseEvent
from civicportal.portal.importing import open311, working
from civicportal.portal.importing.models import ImportFile, ImportTask
from civicportal.portal.importing.tasks import ImportTaskService
from civicportal.testing import identity
from civicportal.testing.serving import Server
from civicportal.util.errors import NotFound

from .conftest import BODY, png
from .pages import LIST, button, form_of, number_of_cases, taken, task_of

pytestmark = pytest.mark.both_databases
DAYS = ("start_date", "end_date")


@pytest.fixture
def civic_settings():
    return {
        "site": {"plugins": ["reports", "feedback"], "locale": "en", "calendar": "gregorian"},
        "contact": {"phone": "137"},
        "webhooks": {"http": True, "private_networks": ["127.0.0.0/8"]},
    }


def send(app, address, *, status=303, **values):
    """Send the form of a server."""
    form = form_of(app.get(f"{LIST}/server"), "address")
    form["address"], form["kind"] = address, "reports"
    for name, value in values.items():
        form[name] = value
    return form.submit(status=status)


def read(site, app, address, **values):
    """Let the worker read a server; return the page of the import."""
    return taken(site, app, send(app, address, **values).follow())


def files_of(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(ImportFile.name).order_by(ImportFile.id)))


def served(answer, pause="0"):
    """Serve one answer for each path."""

    def app(environ, start_response):
        status, body = answer(environ["PATH_INFO"], environ["QUERY_STRING"])
        start_response(status, [("Content-Type", "application/json"), ("Retry-After", pause)])
        return [body if isinstance(body, bytes) else json.dumps(body).encode()]

    return Server(app)


def test_a_server_is_read_mapped_checked_and_imported_once(city, admin, other, clock):
    _site, address, _codes = other
    clock.advance(minutes=2)
    page = read(city, admin, f"{address}/", first_day="2022-01-01")
    assert address in page
    assert "Cases: 3" in page
    assert "not mapped yet: 2" in page
    assert not any(name and name.startswith("file_") for form in page.forms.values() for name in form.fields)
    # The texts of the server: a code is shown with the name that its services give it.
    page = page.click("Meaning of the texts")
    meanings = {"pothole (چاله)": "bin", "راه‌ها": "waste"}
    form = form_of(page, "text_0_0")
    for name in [name for name in form.fields if name and name.startswith("text_")]:
        label = page.html.find("label", attrs={"for": form[name].id}).get_text()
        chosen = next((value for text, value in meanings.items() if text in label), None)
        if chosen:
            form[name] = chosen
    page = form.submit(status=303).follow()
    assert "not mapped yet" not in page
    page = taken(city, admin, button(page, "/check").submit(status=303).follow())
    assert task_of(city).counts["cases"] == {"new": 3}
    page = taken(city, admin, button(page, "/apply").submit(status=303).follow())
    assert "The import is done" in page
    with city.work(write=False) as work:
        cases = work.session.scalars(select(Case)).all()
        assert {(case.body, case.public) for case in cases} == {(BODY, False)}
        assert sorted(case.is_open for case in cases) == [False, True, True]
        assert work.session.scalar(select(func.count()).select_from(Attachment)) == 1
        assert "چاله پر شد" in set(work.session.scalars(select(CaseEvent.public_text)))
        actions = set(work.session.scalars(select(AuditEvent.action)))
    assert "import:server" in actions
    mapping = task_of(city).mapping
    # Again, also as a new import with the mapping of this one: nothing is imported twice.
    page = taken(city, admin, button(page, "/read").submit(status=303).follow())
    assert not [form for form in page.forms.values() if form.action.endswith("/apply")]
    page = taken(city, admin, button(page, "/check").submit(status=303).follow())
    assert task_of(city).counts["cases"] == {"present": 3}
    with city.work() as work:
        work.get(ImportTaskService).fetch(task_of(city).key).mapping = mapping
    page = read(city, admin, address, first_day="2022-01-01")
    with city.work() as work:
        work.get(ImportTaskService).fetch(task_of(city).key).mapping = mapping
    page = taken(city, admin, button(admin.get(page.request.path), "/check").submit(status=303).follow())
    assert task_of(city).counts["cases"] == {"present": 3}
    assert number_of_cases(city) == 3


def test_only_requests_of_the_chosen_days_are_read(city, admin, other, clock):
    _site, address, _codes = other
    last = clock.now().replace(year=clock.now().year - 1).date().isoformat()
    read(city, admin, address, first_day="2022-01-01", last_day=last)
    assert sum(one["lines"] for name, one in task_of(city).contents.items() if "requests" in name) == 1


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"address": "city.example"}, "address", "not a complete web address"),
        ({"address": "https://10.0.0.7/open311"}, "address", "private"),
        ({"first_day": "2026-02-03", "last_day": "2026-02-01"}, "last_day", "before the first day"),
        ({"first_day": "2026-02-31"}, "first_day", ""),
    ],
)
def test_bad_values_are_named_at_their_fields_and_nothing_is_lost(city, admin, values, field, said):
    page = send(admin, **{"address": "https://city.example/v2", "jurisdiction": "city", **values}, status=422)
    assert said in page.html.find(attrs={"data-field": field}).get_text()
    form = form_of(page, "address")
    assert form["jurisdiction"].value == "city"
    assert form["address"].value == values.get("address", "https://city.example/v2")
    assert task_of(city) is None


def test_a_name_that_leads_to_a_private_address_is_refused_by_the_worker(city, admin, monkeypatch):
    monkeypatch.setitem(city.settings, "webhooks", {"http": True, "private_networks": []})
    page = read(city, admin, "http://localhost:9/v2")
    assert task_of(city).state == "failed"
    assert "private" in task_of(city).error
    assert "Read the server again" in page


def test_what_the_server_does_not_give_is_listed_line_by_line(city, admin, clock):
    now = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    one = {"service_request_id": "7", "status": "open", "service_code": "bin", "requested_datetime": now}
    ok, number = "200 OK", "1234567890"

    def answer(path, query):
        if "services" in path:
            return ok, []
        if path.endswith(".png"):
            return "404 Not Found", b""
        if "updates" in path or "page=1&" not in query:
            return ok, []
        media = [f"{server.address}/{name}.png" for name in ("gone", number)]
        lines = [{**one, "media_url": media[0]}, {**one, "service_request_id": number, "media_url": media[1]}]
        return ok, [*lines, {"status": "open", "description": "no id"}]

    server = served(answer)
    try:
        day = clock.now().date().isoformat()
        page = read(city, admin, server.address, first_day=day)
    finally:
        server.close()
    assert "What the server has not given" in page
    assert "It has no id" in page
    rows = admin.get(f"{LIST}/{task_of(city).key}/report.csv").body.decode("utf-8-sig")
    found = [row[1:5] for row in csv.reader(io.StringIO(rows))][1:]
    assert found[0][:3] == ["0", "", "service_request_id"] or found[-1][:3] == ["0", "", "service_request_id"]
    assert [row[:3] for row in found if row[2] == "media_url"] == [
        ["1", "7", "media_url"],
        ["2", number, "media_url"],
    ]
    assert "no id" not in rows.replace("It has no id", "")


def test_an_interrupted_reading_goes_on_where_it_was(city, admin, clock, monkeypatch):
    """A server that fails in the third window: the first two are not asked for again."""
    asked, broken = [], [True]

    def answer(path, query):
        if "services" in path or "updates" in path:
            return "200 OK", []
        day = query[len("start_date=") :][:10]
        asked.append(day)
        if len(set(asked)) == 3 and broken[0]:
            return "500 Broken", b""
        if "page=1" not in query:
            return "200 OK", []
        at = f"{day}T10:00:00Z"
        return "200 OK", [
            {"service_request_id": day, "status": "open", "service_code": "bin", "requested_datetime": at}
        ]

    server = served(answer)
    try:
        first = (clock.now() - 4 * open311.WINDOW).date()
        page = read(city, admin, server.address, first_day=first.isoformat())
        assert "answered with the status 500" in page
        assert len(files_of(city)) == 2
        before, broken[0] = set(asked), False
        asked.clear()
        page = taken(city, admin, button(page, "/read").submit(status=303).follow())
    finally:
        server.close()
    assert task_of(city).state == "done"
    assert not (set(asked) & (before - {max(before)}))
    assert len(files_of(city)) == len(task_of(city).contents) == 5


def test_days_that_had_not_ended_are_read_again_when_they_have(city, admin, boss, clock):
    begin = clock.now() - open311.WINDOW + timedelta(days=2)
    every = [begin, clock.now() + timedelta(days=1), clock.now() + timedelta(days=4)]

    def answer(path, query):
        if path.endswith(".png"):
            return "200 OK", png()
        if "requests.json" not in path or "page=1&" not in query:
            return "200 OK", []
        first, last = (datetime.fromisoformat(dict(parse_qsl(query))[name]) for name in DAYS)
        return "200 OK", [
            {
                "service_request_id": str(at.day),
                "status": "open",
                "service_code": "bin",
                "requested_datetime": at.isoformat(),
                "media_url": f"{server.address}/{at.day}.png",
            }
            for at in every
            if first <= at <= last
        ]

    server = served(answer)
    try:
        read(city, admin, server.address, first_day=begin.date().isoformat())
        assert task_of(city).total == 1
        assert len(files_of(city)) == 2
        clock.advance(days=5)
        with city.work(write=False) as work:
            actor = identity(work, work.session.get_one(User, boss.id), "staff")
        with city.work(actor=actor) as work:
            service = work.get(ImportTaskService)
            service.order_read(service.fetch(task_of(city).key))
        working.run_waiting(city)
    finally:
        server.close()
    assert task_of(city).state == "done"
    assert task_of(city).total == 3
    # A table and an archive of pictures of each window: the former ones are gone.
    assert len(files_of(city)) == 4


def test_a_busy_server_is_waited_for_until_the_step_is_stopped(city, admin, monkeypatch):
    seconds = []
    server = served(lambda path, query: ("503 Busy", b""), pause="3")

    def sleep(pause):
        seconds.append(pause)
        if len(seconds) == 2:
            with city.work() as work:
                service = work.get(ImportTaskService)
                service.cancel(work.session.scalars(select(ImportTask)).one())

    monkeypatch.setattr(working.time, "sleep", sleep)
    try:
        send(admin, server.address)
        with city.work() as work:
            task = work.session.scalars(select(ImportTask)).one()
            task.state, task.attempts = "running", 1
        working.take(city, task)
    finally:
        server.close()
    assert task_of(city).state == "cancelled"


def test_a_server_that_sends_without_end_is_left(city, admin, monkeypatch, clock):
    monkeypatch.setattr(working, "LARGEST", 10_000)
    items = [{"service_request_id": str(n), "description": "x" * 100} for n in range(500)]
    server = served(lambda path, query: ("200 OK", [] if "services" in path else items))
    try:
        page = read(city, admin, server.address, first_day=clock.now().date().isoformat())
    finally:
        server.close()
    assert "more than may be read here" in page


def test_a_proof_is_asked_before_another_server_is_called(city, app, boss, clock):
    server = served(lambda path, query: ("200 OK", []))
    try:
        page = read(city, app, server.address, first_day=clock.now().date().isoformat())
        assert "no requests of these days" in page
        clock.advance(minutes=6)
        assert "/account/confirm" in app.get(f"{LIST}/server", status=303).location
        assert "/account/confirm" in button(page, "/read").submit(status=303).location
        assert task_of(city).state == "failed"
    finally:
        server.close()


def test_the_worker_calls_no_server_for_somebody_who_lost_the_right(city, admin, boss):
    called = []
    server = served(lambda path, query: called.append(path) or ("200 OK", []))
    try:
        page = send(admin, server.address).follow()
        with city.work() as work:
            work.session.get_one(type(boss), boss.id).disabled_at = work.clock.now()
        working.run_waiting(city)
    finally:
        server.close()
    assert "may not import any more" in task_of(city).error
    assert not called
    assert page.status_int == 200


def test_uploaded_files_are_not_read_again(city, admin):
    with city.work() as work:
        service = work.get(ImportTaskService)
        with pytest.raises(NotFound):
            service.order_read(service.add([("a.csv", "k" * 22, 1)], "reports", ""))
