"""What the benchmark compares the portal with: the plain floor, another run, and the names of the machine."""

import subprocess
from datetime import datetime

import pytest
from sqlalchemy import create_engine, func, select
from webtest import TestApp

from benchmarks.run import base, machine
from benchmarks.run.cast import Cast
from benchmarks.run.compare import compare
from benchmarks.run.plain import make_app
from benchmarks.run.scenarios import scenarios
from benchmarks.run.serving import SITE
from benchmarks.seed import load
from civicportal.core.site import Site
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.notifications.models import OutboxMessage

UNTIL = datetime.fromisoformat("2026-11-26T00:00:00+03:30")


@pytest.fixture
def site(civic_session, civic_database, tmp_path):
    database = civic_session.new_database(civic_database)
    site = Site(SITE, environ={"BENCH_DATABASE_URL": database, "BENCH_FILES": str(tmp_path)})
    load.prepare(site, lambda _text: None)
    load.load(site, cases=300, seed=3, until=UNTIL, progress=lambda _text: None)
    yield site
    site.engines.dispose()


@pytest.fixture
def browser(site):
    app, engine = make_app(site, site.engines.read.url.render_as_string(hide_password=False))
    yield TestApp(app)
    engine.dispose()


def ask(browser, site, request, **options):
    browser.reset()
    if request.token:
        browser.set_cookie(site.cookie_name, request.token)
    if request.form is None:
        return browser.get(request.path, **options)
    return browser.post(request.path, dict(request.form), **options)


@pytest.mark.both_databases
def test_the_plain_floor_answers_its_scenarios_and_writes_their_rows(site, browser):
    found = {}
    for one in scenarios(Cast(site)):
        if one.plain is None:
            continue
        before = {table: count(site, table) for table, _n in one.writes}
        response = ask(browser, site, one.plain(0), status=one.expected)
        assert {table: count(site, table) - before[table] for table in before} == dict(one.writes)
        found[one.name] = response
    assert found.keys() == {
        *("hello", "home, visitor", "kartable", "kartable of a unit", "reports desk", "case with history"),
        *("desk", "map points", "report sent", "step taken"),
    }
    assert found["hello"].headers["X-Statements"] == "0"
    assert found["reports desk"].text.count("<tr") == 26
    assert int(found["report sent"].headers["X-Statements"]) >= 7
    assert len(found["map points"].json["points"]) > 100


def count(site, table):
    model = {"cases": Case, "case_events": CaseEvent, "outbox": OutboxMessage}.get(table)
    with site.work(write=False) as work:
        if model is None:
            return len(work.session.execute(select(Case.metadata.tables[table].c.id)).all())
        return work.session.scalar(select(func.count()).select_from(model))


def test_the_plain_floor_refuses_visitors_and_forms_without_a_token(site, browser):
    cast = Cast(site)
    browser.get("/kartable", status=403)
    one = next(one for one in scenarios(cast) if one.name == "report sent")
    sent = one.plain(0)
    ask(browser, site, type(sent)(sent.path, sent.token, {**sent.form, "csrf_token": "0" * 64}), status=400)
    assert count(site, "cases") == 300


def run_of(app_ms, *, floor=1.0, hello=0.2, statements=8.0, **machine):
    part = {"app_ms": app_ms, "database_ms": 2.0, "statements": statements}
    result = {
        "name": "kartable",
        "portal": part,
        "floor": {**part, "app_ms": floor, "database_ms": 0.0},
        "plain": None,
    }
    return {
        "database": "postgresql",
        "cases": 100,
        "results": [result, {**result, "name": f"only {app_ms}"}],
        "machine": {"Python": "3.13", **machine},
        "hello": {"floor": hello},
        "load": (1.0, 0.5),
    }


def test_two_runs_are_compared_by_cpu_and_statements():
    lines = compare(run_of(8.0), run_of(3.0, statements=5.0, Python="3.14")).splitlines()
    assert lines[2:4] == ["| kartable | 10.00 | 5.00 | 0.50 | 0.38 | 1.00 | 1.00 | 8 → 5 |  |", ""]
    assert "Python: 3.13 → 3.14  " in lines
    assert "cases: 100  " in lines


def test_a_difference_like_that_of_the_floors_is_marked():
    assert compare(run_of(8.0), run_of(8.3)).splitlines()[2].endswith("| 8 | ≈ |")
    assert compare(run_of(8.0), run_of(10.0)).splitlines()[2].endswith("| 8 |  |")
    assert compare(run_of(8.0), run_of(10.0, hello=0.25)).splitlines()[2].endswith("| 8 | ≈ |")
    assert compare(run_of(8.0), run_of(10.0, floor=0.8)).splitlines()[2].endswith("| 8 | ≈ |")


@pytest.mark.both_databases
def test_a_run_names_python_and_database(civic_session, civic_database):
    engine = create_engine(civic_session.new_database(civic_database))
    with engine.connect() as connection:
        found = machine.describe(connection)
    engine.dispose()
    assert found["Python"].startswith("3.")
    assert ", fsync o" in found["database"] or found["database"].startswith("SQLite 3")


def test_another_commit_is_checked_out_with_its_catalogues_and_removed(tmp_path, monkeypatch):
    repository = tmp_path / "portal"
    catalogue = repository / "src/some/locale/fa/LC_MESSAGES/some.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text('msgid "House"\nmsgstr "خانه"\n', encoding="utf-8")
    git = ("git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "one")):
        subprocess.run([*git, *words], check=True)
    monkeypatch.setattr(machine, "ROOT", repository)
    with base.worktree("HEAD", lambda _text: None) as root:
        assert (root / catalogue.relative_to(repository)).with_suffix(".mo").stat().st_size > 0
    assert not root.exists()
