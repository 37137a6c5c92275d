"""Figures for everybody: what the page says is what the cases themselves say, but for small numbers."""

import random
import re
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import select

from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import OPEN_STAGES, STAGES
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.hiding import FEWEST, is_small
from civicportal.domain.statistics.public import PublicMetricsService
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit

pytestmark = pytest.mark.both_databases

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹٪", "0123456789%")
MONTHS = (9, 6, 0, 7, 8, 6, 2, 7, 9, 6, 5, 7, 8, 3)
"""Petitions of each; one is small, and the first and the last do not count."""


class Years:
    """Petitions of fourteen months: closed on time, late, or not at all; rated or not."""

    def __init__(self, site, clock):
        self.site, self.clock, self.rng = site, clock, random.Random(1405)
        with site.work() as work:
            unit = make_unit(work, "waste")
            roots = [make_category(work, key, unit=unit) for key in ("roads", "bins")]
            leaf = make_category(work, "pothole", unit=unit, parent_id=roots[0].id)
            self.categories = [leaf, leaf, roots[1]]
            self.officer = identity(work, make_staff(work, "administrator"))
            self.citizen = identity(work, make_citizen(work), "citizen")
        for number in MONTHS:
            self.fill(number)
        clock.advance(days=-10.4)

    def fill(self, number):
        with self.site.work() as work:
            codes = [make_case(work, category=self.rng.choice(self.categories)).code for _ in range(number)]
        for code in codes:
            self.go(
                code,
                *self.rng.choice([("accept", "finish"), ("accept", "finish"), ("accept",), ("reject",), ()]),
            )
        self.clock.advance(days=20)
        for code in self.rng.sample(codes, number // 3):
            with self.site.work(write=False) as work:
                status = work.get(CaseService).fetch(code).status
            self.go(code, *{"registered": ("accept", "finish"), "working": ("finish",)}.get(status, ()))
        self.clock.advance(days=10.4)

    def go(self, code, *steps):
        for step in steps:
            with self.site.work(actor=self.officer) as work:
                cases = work.get(CaseService)
                cases.apply(cases.fetch(code, lock=True), step)
        if "finish" in steps and self.rng.random() < 0.6:
            with self.site.work(actor=self.citizen) as work:
                case = work.get(CaseService).fetch_own(code, lock=True)
                work.get(RatingService).rate(case, self.rng.randint(2, 5))


@pytest.fixture
def years(site, clock, monkeypatch):
    monkeypatch.setitem(
        kinds_of(site), "petitions", replace(kind_of(site, "petitions"), register_route="figures")
    )
    return Years(site, clock)


class Truth:
    """What the cases of some days say, one by one."""

    def __init__(self, work, span):
        calendar, now = work.site.calendar, work.clock.now()
        everything = work.session.scalars(select(Case).where(Case.kind == "petitions"))
        days = [(case, calendar.today(case.created_at)) for case in everything]
        cases = [case for case, day in days if span.holds(day)]
        self.days = [day for _case, day in days]
        tree = work.get(OrganizationService).categories
        late = [
            case.closed_at > case.deadline if case.closed_at else case.deadline < now
            for case in cases
            if case.closed_at or (case.stage in OPEN_STAGES and not case.paused_at)
        ]
        closed = [case for case in cases if case.closed_at and case.closed_at <= case.deadline]
        rated = [case for case in cases if case.rated]
        self.registered = len(cases)
        self.by_stage = [Counter(case.stage for case in cases)[stage] for stage in STAGES]
        self.by_category = Counter(tree.root_of(case.category_id).name for case in cases)
        self.on_time = (len(closed), len(closed) + sum(late))
        self.satisfied = (sum(2 * case.satisfied > case.rated for case in rated), len(rated))


def percent(part, whole):
    """Return a share as everybody may know it."""
    hidden = whole < FEWEST or is_small(part) or is_small(whole - part)
    return None if hidden else round(100 * part / whole)


def same_but_for_small(shown, true):
    """Return whether numbers are the true ones, with some hidden: all small ones, and no small number in all."""
    pairs = list(zip(shown, true, strict=True))
    hidden = [number for told, number in pairs if told is None]
    return (
        all(told == number for told, number in pairs if told is not None)
        and not any(is_small(number) for told, number in pairs if told is not None)
        and (not hidden or (len(hidden) > 1 and sum(hidden) >= FEWEST))
    )


def test_are_those_of_the_cases(years):
    with years.site.work(write=False) as work:
        [shown] = work.get(PublicMetricsService).services()
        true = Truth(work, shown.span)
    assert shown.registered == true.registered > 50
    assert same_but_for_small([number for _stage, number in shown.by_stage], true.by_stage)
    assert same_but_for_small(
        [number for _name, number in shown.by_category],
        [true.by_category[name] for name, _number in shown.by_category],
    )
    assert len(shown.by_category) == len(true.by_category) == 2
    for months, number in shown.by_month:
        assert number == sum(months.first <= day <= months.last for day in true.days)
        assert not is_small(number)
    assert (shown.on_time, shown.satisfied) == (percent(*true.on_time), percent(*true.satisfied))
    assert None not in (shown.on_time, shown.satisfied)


def test_of_months_are_of_the_last_year_and_small_ones_stand_together(years):
    calendar = years.site.calendar
    with years.site.work(write=False) as work:
        [shown] = work.get(PublicMetricsService).services()
        today = calendar.today(work.clock.now())
    year, month, _day = calendar.year_month_day(today)
    assert shown.span.first == calendar.day(year - 1, month, 1)
    assert shown.span.last < calendar.day(year, month, 1) <= today
    lengths = [round((months.last - months.first).days / 30) for months, _number in shown.by_month]
    assert sorted(lengths) == [1] * 10 + [2]


def test_of_this_month_and_of_the_next_differ_by_no_small_number(years, clock):
    with years.site.work(write=False) as work:
        [before] = work.get(PublicMetricsService).services()
    for _month in range(14):
        clock.advance(days=30)
        with years.site.work(write=False) as work:
            after = next(iter(work.get(PublicMetricsService).services()), None)
        if after is None:
            break
        gone = [one for one in before.by_month if one not in after.by_month]
        come = [one for one in after.by_month if one not in before.by_month]
        assert after.by_month == [*before.by_month[len(gone) :], *come]
        assert after.registered == before.registered - total(gone) + total(come)
        before = after
    assert before.registered > 0


def total(by_month):
    return sum(number for _months, number in by_month)


def test_of_the_page_are_the_same(years, app):
    page = app.get("/statistics", status=200).html
    with years.site.work(write=False) as work:
        [figures] = work.get(PublicMetricsService).services()
    told = [read(tile.select_one(".v")) for tile in page.select(".kpi")]
    assert told == [figures.registered, figures.on_time, figures.satisfied]
    by_stage, by_category, by_month = page.select("table.fig-t")
    assert rows(by_stage) == [number for _stage, number in figures.by_stage]
    assert rows(by_category) == [number for _name, number in figures.by_category]
    assert rows(by_month) == [number for _month, number in figures.by_month]
    heads = [row.select_one("th").text.strip() for row in by_month.select("tbody tr")]
    assert sum(" تا " in head for head in heads) == 1
    assert not page.select(".chart-x")


def rows(table):
    return [read(row.select_one("td.n")) for row in table.select("tbody tr")]


def read(cell):
    """Return the displayed number; None where it is hidden."""
    found = re.search(r"\d+", cell.text.translate(LATIN))
    return int(found[0]) if found else None
