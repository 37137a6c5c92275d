"""The benchmark: one seed generates the same data, counters are exact, and results are compared with gates."""

import os
import socket
import tomllib
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from webtest import TestApp

from benchmarks.cli import main
from benchmarks.importing import PAGE
from benchmarks.opendata import BUILD
from benchmarks.run.cast import Cast
from benchmarks.run.client import Client
from benchmarks.run.figures import Figures, Result, Run
from benchmarks.run.measure import Bench
from benchmarks.run.report import (
    EVERY_PAGE,
    GATES,
    MEANINGS,
    THE_RUN,
    exceeded,
    failures,
    pages,
    shortfalls,
    table,
    targets,
)
from benchmarks.run.scenarios import WARM_UP, of_programs, scenarios
from benchmarks.run.serving import SITE
from benchmarks.run.suite import grow
from benchmarks.seed import load
from benchmarks.seed import plan as plans
from benchmarks.seed.plan import AnotherCity, Plan, plan
from benchmarks.seed.seasons import SNOW, STORM
from benchmarks.webhooks import DELIVERY, REMOTE, rate, remote_rate
from civicportal.app import create_app
from civicportal.core.site import Site
from civicportal.domain.cases.measures import SATISFIED
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, Rating
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search import CaseSearch
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.search_models import SearchWord
from civicportal.domain.kartable.rows import RowService
from civicportal.domain.statistics.services import StatisticsService

UNTIL = datetime.fromisoformat("2026-11-26T00:00:00+03:30")


def quiet(_text):
    """Say nothing."""


@contextmanager
def maker(civic_session, kind, folder):
    """Yield a function that returns a site with an empty database, seeds and staff."""
    with ExitStack() as stack:

        def make():
            database = civic_session.new_database(kind)
            site = Site(SITE, environ={"BENCH_DATABASE_URL": database, "BENCH_FILES": str(folder)})
            stack.callback(site.engines.dispose)
            civic_session.databases.migrate(site)
            load.prepare(site, quiet)
            return site

        yield make


@pytest.fixture
def make(civic_session, civic_database, tmp_path):
    with maker(civic_session, civic_database, tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def city(civic_session, civic_database, tmp_path_factory):
    """A site with 300 cases, which no test changes."""
    with maker(civic_session, civic_database, tmp_path_factory.mktemp("city")) as make:
        site = make()
        fill(site)
        yield site


@pytest.fixture(scope="module")
def large_city(civic_session, civic_database, tmp_path_factory):
    """A site with 3000 cases, which no test changes."""
    with maker(civic_session, civic_database, tmp_path_factory.mktemp("large_city")) as make:
        site = make()
        fill(site, 3000)
        yield site


def fill(site, cases=300):
    load.load(site, cases=cases, seed=3, until=UNTIL, progress=quiet)
    return load.manifest(site, cases=cases, seed=3, until=UNTIL)


@pytest.mark.both_databases
def test_one_seed_makes_one_city_and_its_counters_are_right(make):
    first, second = make(), make()
    assert fill(first) == fill(second)
    with first.work(write=False) as work:
        counters = work.get(StatisticsService)
        assert counters.verify() == counters.verify_months() == counters.verify_totals() == {}
        lines = select(func.count()).where(Referral.type == "action", Referral.closed_at.is_(None))
        still_open = work.session.scalar(lines)
    statuses = fill(first)["statuses"]
    closed = ("reviewed", "rejected", "out_of_scope", "answered", "archived", "held", "declined")
    assert still_open == sum(n for name, n in statuses.items() if name.split(".")[1] not in closed)


@pytest.mark.both_databases
def test_its_words_are_indexed_and_its_closed_cases_measured(city):
    assert SearchIndex(city.engines).verify() == (0, 0)
    with city.work(write=False) as work:
        closed = select(func.count()).where(Case.closed_at.is_not(None))
        assert work.session.scalar(closed) > 100
        assert work.session.scalar(closed.where(Case.handling_minutes.is_(None))) == 0
        word = work.session.scalar(select(Case.search_text).limit(1)).split()[0]
        assert "case_search" in str(work.get(CaseSearch).matches(word))
        assert work.session.scalar(select(func.count()).select_from(SearchWord)) > 100


def test_words_of_a_season_are_written_in_it_alone(large_city):
    months, moments = {}, {}
    with large_city.work(write=False) as work:
        for body, sent in work.session.execute(select(Case.body, Case.created_at)):
            for word in {SNOW, STORM}.intersection(body.split()):
                moments.setdefault(word, []).append(sent)
                months.setdefault(word, set()).add(large_city.calendar.year_month_day(sent.date())[1])
    assert months[SNOW] == {10, 11}
    assert min(moments[STORM]) >= UNTIL - timedelta(days=2)
    assert max(moments[SNOW]) - min(moments[SNOW]) > timedelta(days=300)


def test_its_lists_count_pictures_and_notes_and_a_lost_file_breaks_no_page(city):
    with city.work(write=False) as work:
        cases = work.session.scalars(select(Case).where(Case.id.in_(select(Attachment.case_id)))).all()
        rows = work.get(RowService).rows([(case, None) for case in cases])
        assert {row.photos for row in rows} >= {1, 2, 3}
        assert {row.comments for row in rows} == {0, 1}
        key = work.session.scalars(select(Attachment.key).where(Attachment.case_id == cases[0].id)).first()
    browser = TestApp(create_app(city), extra_environ={"HTTP_HOST": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1"})
    browser.set_cookie(city.cookie_name, Cast(city).staff["admin"].token)
    assert f"/attachments/{key}/small" in browser.get(f"/kartable/cases/{cases[0].code}", status=200)
    browser.get(f"/attachments/{key}/small", status=404)


def test_its_cases_say_what_their_histories_do(large_city):
    with large_city.work(write=False) as work:
        columns = (Case.hops, Case.reopenings, Case.rated, Case.satisfied)
        sums = work.session.execute(select(*map(func.sum, columns))).one()
        histories = {
            Case.hops: CaseEvent.type == "referred",
            Case.reopenings: CaseEvent.transition == "reopen",
        }
        for column, happened in histories.items():
            times = select(func.count()).where(CaseEvent.case_id == Case.id, happened).scalar_subquery()
            assert work.session.scalars(select(Case.code).where(column != times)).all() == []
        closings = select(CaseEvent.id).where(CaseEvent.after.in_(("reviewed", "answered")))
        ratings = select(func.count(), func.count().filter(Rating.stars >= SATISFIED))
        rated, satisfied = work.session.execute(ratings.where(Rating.closing_id.in_(closings))).one()
    assert all(sums)
    assert tuple(sums[2:]) == (rated, satisfied)


def test_an_interrupted_seed_continues(make, monkeypatch):
    whole, broken = make(), make()
    monkeypatch.setattr(load, "CHUNK", 100)
    write, told = load._write, []

    def breaking(*arguments):
        if len(told) == 2:
            raise KeyboardInterrupt
        told.append(1)
        write(*arguments)

    expected = fill(whole)
    monkeypatch.setattr(load, "_write", breaking)
    with pytest.raises(KeyboardInterrupt):
        fill(broken)
    monkeypatch.setattr(load, "_write", write)
    assert fill(broken) == expected


def test_a_continued_seed_keeps_its_parameters(make, monkeypatch):
    site = make()
    monkeypatch.setattr(plans, "now", lambda: UNTIL)
    begun = plan(site, cases=300)
    assert begun == Plan(cases=300, seed=1405, until=UNTIL)
    monkeypatch.setattr(plans, "now", lambda: UNTIL + timedelta(hours=1))
    assert plan(site) == plan(site, cases=300, seed=1405, until=UNTIL) == begun
    others = {"cases": 301, "seed": 3, "until": UNTIL + timedelta(hours=1)}
    for name, other in others.items():
        with pytest.raises(AnotherCity, match=f"begun with {name} "):
            plan(site, **{name: other})
    with pytest.raises(AnotherCity, match="begun with seed 1405"):
        fill(site)


def test_the_command_goes_on_where_it_stood_an_hour_later(make, tmp_path, monkeypatch):
    site = make()
    address = site.engines.read.url.render_as_string(hide_password=False)
    # The command sets it for the process; the test takes it back.
    monkeypatch.setenv("BENCH_DATABASE_URL", address)
    monkeypatch.setenv("BENCH_FILES", str(tmp_path))
    commands = ["seed", "--database", address, "--manifest", str(tmp_path / "made.json")]
    made = []
    for hours, number in ((0, ["--n", "200"]), (1, [])):
        monkeypatch.setattr(plans, "now", lambda hours=hours: UNTIL + timedelta(hours=hours))
        result = CliRunner().invoke(main, [*commands, *number], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        made.append((tmp_path / "made.json").read_text(encoding="utf-8"))
    assert made[0] == made[1]
    result = CliRunner().invoke(main, [*commands, "--until", "2026-11-27"])
    assert result.exit_code == 1
    assert "Error: the database was begun with until 2026-11-26" in result.output


def run_of(**figures):
    usual = {
        "requests": 10,
        "rate": 5.0,
        "p50": 10.0,
        "p95": 20.0,
        "p99": 30.0,
        "app_ms": 8.0,
        "database_ms": 2.0,
        "bytes": 2048.0,
        "statements": 8.0,
    }
    result = Result(
        name="kartable",
        portal=Figures(**{**usual, **figures}),
        floor=Figures(**{**usual, "app_ms": 1.0}),
        plain=Figures(**{**usual, "app_ms": 3.0}),
        problems=[],
    )
    return Run(
        database="sqlite",
        cases=100,
        results=[result],
        memory={"start": (1.0, 2.0), "end": (3.0, 4.0)},
        load=(0.1, 0.2),
        spread=1.0,
    )


def test_deliveries_to_webhooks_have_a_gate_too():
    assert exceeded(DELIVERY, 4.2) == []
    assert exceeded(DELIVERY, 30) == ["webhook delivery: hellos is 30.0, the gate is 20"]


def test_gates_fail_a_run_and_goals_are_named():
    gates = {"kartable": {"statements": 8, "goal_statements": 6, "floor": 25, "plain": 3}}
    assert failures(run_of(), gates) == []
    assert shortfalls(run_of(), gates) == ["kartable: statements is 8.0, the goal is 6"]
    assert failures(run_of(statements=9.0), gates) == ["kartable: statements is 9.0, the gate is 8"]
    assert failures(run_of(app_ms=98.0), gates) == [
        "kartable: floor is 3.0, the gate is 25",
        "kartable: plain is 20.0, the gate is 3",
    ]


def test_pages_are_held_against_the_emptiest_request_where_the_run_has_it():
    gates = {"kartable": {"of_hello": 4, "goal_of_hello": 60, "hellos": 50}}
    run = run_of()
    assert failures(run, gates) == []
    run.hello = {"portal": 0.5, "floor": 0.25}
    assert failures(run, gates) == []
    assert shortfalls(run, gates) == ["kartable: of_hello is 5.0, the goal is 60"]
    assert failures(run, {"kartable": {"of_hello": 6}}) == ["kartable: of_hello is 5.0, the gate is 6"]
    assert failures(run, {"kartable": {"hellos": 39}}) == ["kartable: hellos is 40.0, the gate is 39"]
    run.spread = 26.0
    assert failures(run, {"kartable": {"of_hello": 6}}) == ["kartable: of_hello is 5.0, the gate is 6"]


def test_goals_are_shown_with_what_was_reached():
    gates = {"kartable": {"goal_base": 0.5, "goal_plain": 1.5, "goal_of_hello": 50}}
    run = run_of()
    assert targets(run, gates).splitlines()[2:] == [
        "| kartable | CPU, times that of the plain floor | 2.00 | ≤ 1.5 | no |"
    ]
    run.results[0].base = run_of(app_ms=23.0).results[0].portal
    assert "| kartable | CPU, times that of the other commit | 0.40 | ≤ 0.5 | yes |" in targets(run, gates)
    assert targets(run, {}) == ""


def test_sqlite_has_gates_of_its_own_where_it_is_asked_otherwise():
    gates = {"kartable": {"statements": 7, "statements_sqlite": 8}}
    run = run_of()
    assert failures(run, gates) == []
    run.database = "postgresql"
    assert failures(run, gates) == ["kartable: statements is 8.0, the gate is 7"]


def test_a_page_of_ten_seconds_fails_a_run_unless_the_machine_was_not_quiet():
    run = run_of(p50=10_000.0, p95=10_000.0, statements=5.0)
    assert failures(run) == ["kartable: waits is 1000.0, the gate is 20"]
    run.spread = 26.0
    assert failures(run) == []
    assert "(noisy)" in table(run)


def test_a_page_that_computes_for_ten_seconds_fails_a_run_on_every_machine():
    run = run_of(p50=10_000.0, app_ms=10_000.0, statements=5.0)
    run.hello = {"portal": 0.5, "floor": 0.25}
    run.spread = 26.0
    assert "kartable: hellos is 40008.0, the gate is 550" in failures(run)


def test_a_crowded_machine_is_not_quiet_however_even_it_is(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    run = run_of(p50=10_000.0, p95=10_000.0, statements=5.0)
    run.load = (4.0, 3.0)
    assert len(failures(run)) == 1
    run.load = (1.0, 4.1)
    assert failures(run) == []


def test_every_gate_is_of_a_scenario_and_every_page_has_a_ratio(city):
    names = {one.name for one in scenarios(Cast(city))}
    gates = tomllib.loads(GATES.read_text(encoding="utf-8"))
    assert gates.keys() <= names | {THE_RUN, EVERY_PAGE, DELIVERY, REMOTE, BUILD, PAGE}
    bare = {"hello", "empty page, signed in", "picture received, refused"}
    assert {name for name in names if "hellos" not in gates.get(name, {})} == bare
    held = {name.removeprefix("goal_").removesuffix("_sqlite") for table in gates.values() for name in table}
    assert held == MEANINGS.keys()


def test_what_programs_call_is_held_against_its_page():
    gates = {"kartable": {"of_page": 1, "beyond_page": 0}}
    run = run_of(statements=5.0, app_ms=10.0)
    call, page = run.results[0], run_of(statements=4.0, app_ms=8.0).results[0]
    call.page, page.name = "page", "page"
    assert failures(run, gates) == []
    run.results.append(page)
    assert failures(run, gates) == [
        "kartable: of_page is 1.2, the gate is 1",
        "kartable: beyond_page is 1.0, the gate is 0",
    ]
    assert "| kartable | 12.0 | page | 10.0 | 1.20 | 5 | 4 |" in pages(run)


def test_every_call_of_programs_names_a_page(city):
    everything = scenarios(Cast(city))
    calls = {one.name for one in everything if one.name.startswith(("API, ", "Open311, list", "features"))}
    assert {one.name for one in everything if one.page} == calls
    names = {one.name for one in of_programs(everything)}
    assert names == calls | {one.page for one in everything if one.page}


@pytest.mark.parametrize("measure", [rate, remote_rate])
def test_deliveries_arrive_at_their_receivers(make, measure):
    site = make()
    fill(site)
    a_second, milliseconds = measure(site, 1, 3)
    assert min(a_second, milliseconds) > 0


def test_memory_is_held_against_a_gate_and_a_goal():
    gates = {THE_RUN: {"memory_end": 200, "memory_end_sqlite": 260, "goal_memory_end": 130}}
    run = run_of()
    assert failures(run, gates) == shortfalls(run, gates) == []
    run.memory["end"] = (230.0, 300.0)
    assert failures(run, gates) == []
    assert shortfalls(run, gates) == ["the run: memory_end is 230.0, the goal is 130"]
    run.database = "postgresql"
    assert failures(run, gates) == ["the run: memory_end is 230.0, the gate is 200"]


def test_growth_is_held_against_a_gate_and_a_goal():
    gates = {"kartable": {"growth": 3, "goal_growth": 1.5}}
    few, more, many = run_of(app_ms=8.0), run_of(app_ms=18.0), run_of(app_ms=29.0)
    for runs in ([few], [few, more], [few, more, many]):
        grow(runs)
    assert failures(few, gates) == shortfalls(few, gates) == failures(more, gates) == []
    assert shortfalls(more, gates) == ["kartable: growth is 2.0, the goal is 1.5"]
    assert failures(many, gates) == ["kartable: growth is 3.1, the gate is 3"]


def test_one_round_says_how_quiet_the_machine_was(city, tmp_path, monkeypatch):
    rates = iter((100.0, 80.0, 60.0))
    floor = run_of(rate=500.0).results[0].portal

    def window(_bench, contestant, *_arguments):
        return run_of(rate=next(rates)).results[0].portal if contestant.name == "portal" else floor

    monkeypatch.setattr(Bench, "_window", window)
    bench = Bench(
        city,
        city.engines.read.url.render_as_string(hide_password=False),
        tmp_path,
        seconds=0.1,
        rounds=1,
        progress=quiet,
    )
    assert bench.run(only="hello").spread == 40.0


def test_steps_and_referrals_share_out_their_cases_however_many_the_rounds(large_city, tmp_path):
    cast = Cast(large_city)
    for rounds in (1, 3, 5):
        most = {one.name: one.most for one in scenarios(cast, rounds)}
        assert 1 <= most["step taken"] == most["referral"]
        assert 2 * rounds * (most["referral"] + WARM_UP) <= len(cast.steps)
    bench = Bench(large_city, "", tmp_path, seconds=0.1, rounds=len(cast.steps), progress=quiet)
    with pytest.raises(ValueError, match=r"step taken: too few registered reports for \d+ rounds"):
        bench.run(only="step")


def test_a_request_that_cannot_be_made_fails_with_its_own_text():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = Client(server.getsockname()[1], "cookie")
        with pytest.raises(LookupError, match="no case is left"):
            client.measure(no_request, 200, seconds=30)


def no_request(_n):
    raise LookupError("no case is left")


def test_the_table_names_every_scenario():
    row = "| kartable | 8 | 8.0 + 2.0 | 8 | 3.0 + 2.0 | 2.0 | 3.00 | 30 | 10.0 | 20.0 | 30.0 | 5 | 0.0 | 2 |"
    assert row in table(run_of())
