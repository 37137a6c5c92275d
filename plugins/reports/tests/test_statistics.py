"""Statistics of reports: for any filters and actor, a figure equals its list, chart, map and export."""

import random
import statistics as arithmetic
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from civicportal_reports import mapping
from civicportal_reports.mapping import ReportMap
from civicportal_reports.models import Report
from civicportal_reports.places import Location, locate_point
from civicportal_reports.search import Filters, ReportSearch
from civicportal_reports.statistics import subject
from civicportal_reports.viewports import MapView
from selection import LONG
from sqlalchemy import event

from civicportal.api.cases import Case, CaseService, RatingService, Workflow
from civicportal.api.forms import Option
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.testing import MetricsService, Span, export_rows, identity, make_case, make_staff, make_unit

pytestmark = pytest.mark.both_databases

SEED = 1405
CASES = 40


@pytest.fixture(scope="module")
def busy(civic_session, civic_database, found_city):
    """Reports of some weeks that have gone every way a report can go; and people who see more or less of them.

    Nothing is written into this city, which no other module has.
    """
    settings = {"site": {"plugins": ["reports"], "short_name": "پرکار"}}
    environment = civic_session.environment(civic_database, settings)
    environment.reset()
    city, clock, rng = found_city(environment.site), environment.clock, random.Random(SEED)
    add_people(city)
    for _ in range(CASES):
        clock.advance(hours=rng.choice([1, 3, 7, 20]))
        code = city.send(
            rng.choice(["pothole", "pothole", "sidewalk", "bin", "other", "roads"]),
            location=rng.choice(places(city)),
            by=rng.choice([city.citizen, city.other]),
            source=rng.choice(["web", "web", "phone", "counter"]),
            urgent=rng.random() < 0.3,
        )
        go(city, clock, rng, code)
    with city.site.work() as work:
        for _ in range(2):
            case = make_case(work, kind="reports", category=None, citizen_id=city.citizen.user_id)
            work.session.add(Report(case_id=case.id, district="", street=""))
    return city


def places(city):
    """Return places in two districts, one that no district holds, and one of which only an address is known."""
    known = [locate_point(city.site.map, point) for point in (city.street, city.street, city.other_district)]
    return [*known, Location(point=city.street), Location(point=None, address="کوچهٔ سوم")]


def add_people(city):
    """Give the city people who see more or less of it."""
    with city.site.work() as work:
        civil, waste = (work.get(OrganizationService).unit(key) for key in ("civil", "waste"))
        make_unit(work, "paving", parent_id=civil.id)
        category = work.get(OrganizationService).category("reports", "sidewalk")
        city.people = {
            "everything": identity(work, make_staff(work, "administrator")),
            "unit": city.officer,
            "other unit": identity(work, make_staff(work, unit=waste)),
            "category": identity(work, make_staff(work, category=category)),
        }


def go(city, clock, rng, code):
    """Let a report go some steps."""
    everybody = city.people["everything"]

    def act(service, step):
        with city.site.work(actor=everybody) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            step(work.get(service), case)

    if rng.random() < 0.3:
        unit = rng.choice(["waste", "paving"])
        act(KartableService, lambda kartable, case: pass_on(kartable, case, unit))
    clock.advance(hours=rng.choice([1, 30, 60]))
    step = rng.choice(["start_review", "ask_citizen", "close", "close", "close", "reject", None])
    if step:
        words = {"public_text": "پاسخ", "data": {"reason": "…"}}
        act(CaseService, lambda cases, case: cases.apply(case, step, **words))
    if step == "close" and rng.random() < 0.7:
        owner = city.case(code).citizen_id
        by = next(one for one in (city.citizen, city.other) if one.user_id == owner)
        with city.site.work(actor=by) as work:
            case = work.get(CaseService).fetch_own(code, lock=True)
            work.get(RatingService).rate(case, rng.randint(1, 5))
        if rng.random() < 0.4:
            act(CaseService, lambda cases, case: cases.apply(case, "reopen", internal_text="نشد"))
            if rng.random() < 0.5:
                act(CaseService, lambda cases, case: cases.apply(case, "close", public_text="شد"))


def pass_on(kartable, case, unit):
    unit_id = kartable.work.get(OrganizationService).unit(unit).id
    if case.unit_id != unit_id:
        kartable.refer(case, unit_id)


#: What may be asked for: each of it once, and some more of it at the same time.
ASKED = {
    "category": ["roads", "pothole", "bin", Option.NONE],
    "itself": [True],
    "unit": ["civil", "paving", "waste", Option.NONE],
    "district": ["منطقهٔ یک", "منطقهٔ دو", Option.NONE],
    "located": [True],
    "urgent": [True],
    "overdue": [True],
    "source": ["phone", "web"],
    "stage": ["open", "registered", "in_progress", "done", "rejected"],
    "status": ["registered", "in_action", "waiting_citizen", "reviewed", "rejected"],
    "words": ["چاله"],
    "reopened": [True],
    "passed_on": [True],
    "timing": ["late", "on_time"],
    "rating": ["rated", "satisfied", "dissatisfied"],
    "weekday": ["5", "0"],
    "hour": ["12", "9"],
    "holder": ["team", Option.NONE],
}


def today_of(city):
    return city.site.calendar.today(city.site.clock.now())


def choices(city):
    """Random filters of the desk, with or without days."""
    rng = random.Random(SEED)
    today = today_of(city)
    yield Filters()
    yield Filters(first_day=today - timedelta(days=20), last_day=today - timedelta(days=5))
    asked = ASKED | {"citizen": [0, city.citizen.user_id]}
    for name, value in ((name, value) for name, values in asked.items() for value in values):
        more = rng.sample(sorted(asked.keys() - {name}), rng.choice([0, 0, 0, 1, 2]))
        chosen = {name: value} | {other: rng.choice(asked[other]) for other in more}
        first = today - timedelta(days=rng.randint(0, 60))
        last = first + timedelta(days=rng.randint(0, 30))
        yield Filters(**chosen, **rng.choice([{}, {"first_day": first, "last_day": last}]))


class Counted:
    """What the list itself has, reckoned from its rows one by one."""

    def __init__(self, work, filters):
        self.now = work.clock.now()
        self.cases = [
            case for case, _ in work.session.execute(work.get(ReportSearch).query(filters, Case, Report))
        ]

    def number(self, test):
        return sum(bool(test(case)) for case in self.cases)

    def is_overdue(self, case):
        return case.stage in Workflow.OPEN_STAGES and case.deadline < self.now and case.paused_at is None

    def on_time(self, case):
        return case.closed_at is not None and case.closed_at <= case.deadline

    def late(self, case):
        return self.is_overdue(case) or (case.closed_at is not None and case.closed_at > case.deadline)


def asked_for(filters):
    """Return filters as the page of the statistics is asked for them, which knows no distance."""
    return {name: value for name, value in asdict(filters).items() if name != "metres"} | {"period": "all"}


def selection(work, filters):
    return subject(work, asked_for(filters)).selection(work)


def check(work, filters):
    """Compare every figure of some filters with its list, its chart, its map and its file; return their number."""
    search, service = work.get(ReportSearch), work.get(MetricsService)
    asked = selection(work, filters)
    figures = service.metrics(asked)
    now, rows = figures.now, Counted(work, filters)

    def count(filters=filters, **more):
        return search.count(replace(filters, **more))

    assert now.registered == count() == len(rows.cases) == search.total(filters).number, filters
    assert now.in_progress == rows.number(lambda case: case.is_open)
    assert now.reviewed == rows.number(lambda case: case.stage == "done")
    assert now.overdue == count(overdue=True) == rows.number(rows.is_overdue)
    assert now.on_time == rows.number(rows.on_time)
    if filters.stage in (None, "done"):
        assert now.reviewed == count(stage="done")
    if not filters.timing:
        assert now.on_time == count(timing="on_time")
        assert now.late == count(timing="late") == rows.number(rows.late)
    assert now.reopened == count(reopened=True)
    if not filters.rating:
        assert now.rated == count(rating="rated")
        assert now.sums["satisfied"] == count(rating="satisfied")
    assert now.hops == sum(case.hops for case in rows.cases)
    assert bool(now.hops) == bool(count(passed_on=True))
    assert (now.citizens or 0) == len({case.citizen_id for case in rows.cases})
    for status, number in figures.by_status.items():
        assert number == rows.number(lambda case, status=status: case.status == status)
    # The chart and the tables.
    check_trend(work, filters, asked)
    assert sum(service.by_hour(asked).values()) == now.registered
    assert sum(figures.by_category.values()) == now.registered
    for facet in subject(work, asked_for(filters)).facets:
        table = service.table(asked, facet)
        for value, numbers in table.items():
            check_line(numbers, Counted(work, replace(filters, **{facet.name: value or Option.NONE})))
    check_categories(work, filters, figures)
    check_map(work, filters, count)
    check_files(work, filters, figures)
    return now.registered


def check_line(numbers, rows):
    """Hold a line of a table against the cases of its list."""
    assert numbers.registered == len(rows.cases)
    assert numbers.overdue == rows.number(rows.is_overdue)
    assert numbers.reviewed == rows.number(lambda case: case.stage == "done")
    on_time, late = rows.number(rows.on_time), rows.number(rows.late)
    assert numbers.on_time_share == (100 * on_time / (on_time + late) if on_time + late else None)
    hours = [(case.handling_minutes + 30) // 60 for case in rows.cases if case.closed_at]
    assert numbers.median_hours == (arithmetic.median(hours) if hours else None)
    rated = rows.number(lambda case: case.rated)
    assert numbers.rated == rated
    assert (numbers.satisfied_share is None) == (not rated)


def check_trend(work, filters, asked):
    """Hold each day of the trend and each month of it against what the list has of them."""
    service, calendar = work.get(MetricsService), work.site.calendar
    cases = Counted(work, filters).cases

    def by(key, days):
        found = Counter()
        for day, registered, reviewed in days:
            found.update({(key(day), "registered"): registered, (key(day), "reviewed"): reviewed})
        return +found

    listed = [(day_of(work, case), 1, int(case.stage == "done")) for case in cases]
    for step, key in (("day", lambda day: day), ("month", lambda day: calendar.year_month_day(day)[:2])):
        told = [(day, *numbers) for day, numbers in service.by_day(asked, step).items()]
        assert by(key, told) == by(key, listed), step


def day_of(work, case):
    return work.site.calendar.today(case.created_at)


def check_categories(work, filters, figures):
    """Hold what lies in each category, by itself and with those below it, against its list."""
    tree, search = work.get(OrganizationService).categories_of("reports"), work.get(ReportSearch)
    assert sum(figures.by_category.values()) == figures.now.registered
    for one, number in figures.by_category.items():
        key = tree.by_id[one].key if one else Option.NONE
        assert number == search.count(replace(filters, category=key, itself=True))
    for root in tree.roots if filters.category is None else ():
        inside = sum(figures.by_category.get(one, 0) for one in tree.subtree(root.id))
        assert inside == search.count(replace(filters, category=root.key, itself=False))


def check_map(work, filters, count):
    """Hold what a map shows, as points, clusters, heat and districts, against the lists of what has a point."""
    service, view = work.get(ReportMap), MapView(zoom=10)
    picture, located = service.picture(filters, view), count(located=True)
    assert picture.total == located
    assert sum(cluster.n for cluster in picture.clusters) + len(picture.rows) == located
    assert sum(number for _cell, number in service.heat(filters, view).cells) == located
    districts = service.districts(filters)
    assert sum(districts.values()) == located
    for name, number in districts.items():
        assert number == count(district=name or Option.NONE, located=True)


EXPORTED = {
    "Registered": "registered",
    "In progress": "in_progress",
    "Overdue": "overdue",
    "Reviewed": "reviewed",
    "Closed without action": "rejected",
    "Closed on time": "on_time",
    "Late": "late",
    "Rated": "rated",
    "Opened again": "reopened",
    "Times passed on": "hops",
    "Median handling time (working hours)": "median_hours",
}


def exported(numbers):
    return {name: getattr(numbers, figure) for name, figure in EXPORTED.items()}


def check_files(work, filters, figures):
    """Hold the files of the list and of the figures against the page."""
    values = {
        name: value
        for name, value in asdict(filters).items()
        if value not in (None, "") and value is not False
    }
    assert len(list(export_rows(work.site, work.actor, "reports.list", values, ["code"]))) == (
        figures.now.registered
    )
    asked = asked_for(filters)
    days, keys, statuses, categories, *facets, by_day, by_hour = (
        [list(row) for row in table.rows]
        for table in work.site.exports["reports.figures"].tables(work, asked)
    )
    assert len(days) == 2
    told = {name: number for name, number, _before in keys}
    assert {name: told[name] for name in EXPORTED} == exported(figures.now)
    assert told["Reporting citizens"] == (figures.now.citizens or 0)
    assert sum(row[1] for row in statuses) == sum(row[1] for row in categories) == figures.now.registered
    service, chosen = work.get(MetricsService), subject(work, asked)
    for facet, rows in zip(chosen.facets, facets, strict=True):
        lines = service.table(chosen.selection(work), facet).values()
        for (_name, *cells), numbers in zip(rows, lines, strict=True):
            told = dict(zip((name for name, *_ in keys), cells, strict=False))
            assert {name: told[name] for name in EXPORTED} == exported(numbers)
    assert [sum(row[place] for row in by_day) for place in (1, 2)] == [
        figures.now.registered,
        figures.now.reviewed,
    ]
    assert sum(sum(row[1:]) for row in by_hour) == figures.now.registered


class TestEveryFigure:
    def test_is_its_list_its_chart_its_map_and_its_file(self, busy, monkeypatch):
        monkeypatch.setattr(mapping, "FEW", CASES // 4)  # some maps show clusters, some points
        everything, seen = list(choices(busy)), {}
        for place, (name, actor) in enumerate(busy.people.items()):
            # All share it out; in the long form who sees all asks for all of it, and the others share it out.
            asked = everything[place - LONG :: len(busy.people) - LONG] if place >= LONG else everything
            with busy.site.work(actor=actor, write=False) as work:
                seen[name] = [check(work, filters) for filters in asked]
        assert all(sum(numbers) > 5 for numbers in seen.values())
        assert sum(number > 0 for numbers in seen.values() for number in numbers) > len(ASKED)

    def test_is_the_same_from_counters_and_from_cases(self, busy):
        with busy.site.work(actor=busy.people["everything"], write=False) as work:
            service = work.get(MetricsService)
            for filters in choices(busy):
                asked = selection(work, filters)
                for one, other in ((asked, replace(asked, narrowed=True)),):
                    assert service.metrics(one) == service.metrics(other)
                    assert service.by_day(one) == service.by_day(other)
                    for facet in subject(work, {"period": "all"}).facets:
                        assert service.table(one, facet) == service.table(other, facet)

    def test_of_the_days_before_is_that_of_their_own(self, busy):
        today = today_of(busy)
        filters = Filters(first_day=today - timedelta(days=19), last_day=today)
        with busy.site.work(actor=busy.people["everything"], write=False) as work:
            service, asked = work.get(MetricsService), selection(work, filters)
            earlier = replace(asked, span=asked.span.before)
            assert asked.span.before == Span(
                first=today - timedelta(days=39), last=today - timedelta(days=20)
            )
            assert service.metrics(asked).before == service.metrics(earlier).now

    @pytest.mark.parametrize("who", ["everything", "unit"])
    def test_of_days_apart_from_them_are_those_alone(self, busy, who):
        today = today_of(busy)
        before = Span(first=today - timedelta(days=24), last=today - timedelta(days=16))
        span = Span(first=today - timedelta(days=9), last=today, compared=before)
        with busy.site.work(actor=busy.people[who], write=False) as work:
            service, everything = work.get(MetricsService), selection(work, Filters())
            asked, earlier = (replace(everything, span=one) for one in (span, before))
            found = service.metrics(asked)
            assert found.before == service.metrics(earlier).now
            assert found == service.metrics(replace(asked, narrowed=True))
            assert found.before.registered > 0


class TestHandling:
    def test_median_handling_time_is_that_of_the_closed_ones(self, busy):
        with busy.site.work(actor=busy.people["everything"], write=False) as work:
            calendar = work.get(OrganizationService).calendar
            hours = [
                round(
                    calendar.working_time_between(case.created_at, case.closed_at).total_seconds() / 60 + 0.01
                )
                for case in Counted(work, Filters()).cases
                if case.closed_at
            ]
            median = arithmetic.median((minutes + 30) // 60 for minutes in hours)
            figures = work.get(MetricsService).metrics(selection(work, Filters()))
            assert figures.now.median_hours == median
            assert figures.now.hours.total() == len(hours) > 10


class TestStatements:
    @pytest.mark.parametrize("who", ["everything", "unit"])
    def test_do_not_depend_on_how_much_there_is(self, city, busy_after, who):
        numbers = []
        for fill in (False, True):
            actor = busy_after(fill).people[who]
            with city.site.work(actor=actor, write=False) as work:
                asked = subject(work, {"period": "all"})
                selection = asked.selection(work)
                with counted(city.site) as statements:
                    service = work.get(MetricsService)
                    service.metrics(selection)
                    service.by_day(selection)
                    service.table(selection, asked.facets[0])
            numbers.append(len(statements))
        assert numbers[0] == numbers[1] <= 10


class TestPatience:
    @pytest.mark.one_database("postgresql")
    @pytest.mark.parametrize(("period", "limit"), [("month", "10s"), ("all", "20s")])
    def test_years_may_take_longer_than_a_page_does(self, city, app, sign_in, period, limit):
        limits = []

        def note(_connection, cursor, statement, *_more):
            if "cases.source AS facet" in statement:
                limits.append(cursor.connection.execute("SHOW statement_timeout").fetchone()[0])

        with city.site.work() as work:
            administrator = identity(work, make_staff(work, "administrator"))
        sign_in(administrator)
        event.listen(city.site.engines.read, "before_cursor_execute", note)
        app.get(f"/desk/reports/statistics?period={period}&by=source", status=200)
        event.remove(city.site.engines.read, "before_cursor_execute", note)
        assert set(limits) == {limit}


@pytest.fixture
def busy_after(city, clock):
    """Fill the city when asked to."""
    add_people(city)

    def fill(really):
        if really:
            rng = random.Random(SEED)
            for _ in range(12):
                go(city, clock, rng, city.send(rng.choice(["pothole", "bin", "sidewalk"])))
        return city

    return fill


@contextmanager
def counted(site):
    """Note the statements that readers send."""
    statements = []

    def note(_connection, _cursor, statement, *_more):
        statements.append(statement)

    event.listen(site.engines.read, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(site.engines.read, "before_cursor_execute", note)
