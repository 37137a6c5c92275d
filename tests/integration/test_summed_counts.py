"""Counters of months and totals: written with those of days, rebuilt from them, read for long spans and lists."""

from dataclasses import replace
from datetime import timedelta

import pytest
from integration.concurrent import concurrently
from sqlalchemy import delete, event, func, select, update

from civicportal.core.security import Identity
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.counter_models import CaseCount, CaseMonthCount, CaseTotal
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import permissions_of
from civicportal.domain.statistics import lookup
from civicportal.domain.statistics.backfill import catch_up, rebuild, sum_up
from civicportal.domain.statistics.lookup import CounterService
from civicportal.domain.statistics.metrics import MetricsService
from civicportal.domain.statistics.periods import Span
from civicportal.domain.statistics.selection import CaseSelection
from civicportal.domain.statistics.services import StatisticsService
from civicportal.testing import (
    identity,
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
    statements,
)
from civicportal.testing.kinds import PETITIONS
from civicportal.util.calendar.months import month_of
from civicportal.util.lists import Total, capped_total

pytestmark = pytest.mark.both_databases

KIND = "petitions"
DAYS = 100
RIGHT = ({}, {}, {})


class Town:
    """A case every fourth day of some months, every third of them closed."""

    def __init__(self, site):
        self.site, self.clock = site, site.clock
        with site.work() as work:
            self.unit = make_unit(work, "waste")
            self.category = make_category(work, "bin", unit=self.unit)
            citizen = make_citizen(work)
            self.boss = identity(work, make_staff(work, "administrator"))
            self.officer = identity(work, make_staff(work, unit=self.unit))
        for number in range(DAYS // 4):
            with site.work(actor=self.boss) as work:
                case = make_case(work, citizen_id=citizen.id, category=self.category)
                if number % 3 == 0:
                    work.get(CaseService).apply(case, "accept")
                    work.get(CaseService).apply(case, "finish")
            site.clock.advance(days=4)
        self.today = site.calendar.today(site.clock.now())

    def spans(self):
        """Spans that begin and end within months, with them, or nowhere."""
        calendar = self.site.calendar
        month = month_of(self.today - timedelta(days=50), calendar)
        yield Span()
        yield Span(first=month, last=self.today)
        yield Span(first=month)
        yield Span(last=month - timedelta(days=1))
        yield Span(first=self.today - timedelta(days=75), last=self.today - timedelta(days=15))
        yield Span(first=self.today - timedelta(days=12), last=self.today - timedelta(days=9))


@pytest.fixture
def town(civic_environment):
    return civic_environment.filled(Town)


def counters(site):
    with site.work(write=False) as work:
        service = work.get(StatisticsService)
        return service.verify(), service.verify_months(), service.verify_totals()


def test_months_say_what_their_days_say(town):
    assert counters(town.site) == RIGHT
    with town.site.work(write=False) as work:
        days = {month_of(day, town.site.calendar) for day in work.session.scalars(select(CaseCount.day))}
        assert set(work.session.scalars(select(CaseMonthCount.day))) == days
        assert len(days) >= 4


def test_all_the_time_is_the_sum_of_its_months(town):
    with town.site.work(write=False) as work:
        number = func.sum(CaseTotal.n)
        of_stages = work.session.execute(select(CaseTotal.stage, number).group_by(CaseTotal.stage))
        assert {stage: n for stage, n in of_stages if n} == {"registered": 16, "done": 9}


def test_sums_of_all_the_time_that_older_code_has_not_counted_are_made_up_for(town):
    with town.site.work() as work:
        work.session.execute(delete(CaseTotal).where(CaseTotal.stage == "done"))
        work.session.execute(update(CaseTotal).values(n=CaseTotal.n + 1))
    assert counters(town.site)[:2] == ({}, {})
    assert len(counters(town.site)[2]) == 2
    catch_up(town.site)
    assert counters(town.site) == RIGHT


def test_months_that_older_code_has_not_counted_are_made_up_for(town):
    with town.site.work() as work:
        work.session.execute(delete(CaseMonthCount).where(CaseMonthCount.stage == "done"))
        work.session.execute(update(CaseMonthCount).values(n=CaseMonthCount.n + 1))
    assert counters(town.site)[1]
    catch_up(town.site)
    assert counters(town.site) == RIGHT


def test_cases_from_elsewhere_are_counted_though_the_first_try_breaks_off(town, monkeypatch):
    with town.site.work() as work:
        done = update(Case).where(Case.stage == "done")
        work.session.execute(done.values(handling_minutes=None))
        for model in (CaseCount, CaseMonthCount, CaseTotal):
            work.session.execute(delete(model).where(model.stage == "done"))
    rebuilt = StatisticsService.rebuild_month
    monkeypatch.setattr(StatisticsService, "rebuild_month", _broken_off)
    with pytest.raises(TimeoutError):
        catch_up(town.site)
    monkeypatch.setattr(StatisticsService, "rebuild_month", rebuilt)
    catch_up(town.site)
    assert counters(town.site) == RIGHT
    with town.site.work(write=False) as work:
        unmeasured = select(Case.id).where(Case.stage == "done", Case.handling_minutes.is_(None))
        assert work.session.scalars(unmeasured).all() == []


def _broken_off(_service, _span):
    raise TimeoutError


def test_months_of_another_calendar_are_rebuilt(town):
    with town.site.work() as work:
        work.session.execute(delete(CaseMonthCount))
        rows = work.session.execute(select(CaseCount.__table__)).mappings()
        work.session.execute(CaseMonthCount.__table__.insert(), [dict(row) for row in rows])
    sum_up(town.site)
    assert counters(town.site) == RIGHT


def test_a_change_and_its_counters_are_one_way_to_postgresql(town):
    statements = []

    def note(_connection, _cursor, statement, *_more):
        if any(table in statement for table in ("case_counts", "case_month_counts", "case_totals")):
            statements.append(statement)

    event.listen(town.site.engines.read, "before_cursor_execute", note)
    try:
        with town.site.work(actor=town.boss) as work:
            make_case(work, category=town.category)
    finally:
        event.remove(town.site.engines.read, "before_cursor_execute", note)
    assert len(statements) == (1 if town.site.engines.dialect == "postgresql" else 3)
    assert counters(town.site) == RIGHT


def test_figures_of_any_span_are_those_of_the_cases(town):
    def query(span, *columns):
        bounds = town.site.calendar.day_bounds
        found = select(*columns).where(Case.kind == KIND)
        if span.first:
            found = found.where(Case.created_at >= bounds(span.first)[0])
        if span.last:
            found = found.where(Case.created_at < bounds(span.last)[1])
        return found

    kind = kind_of(town.site, KIND)
    with town.site.work(actor=town.boss, write=False) as work:
        for span in town.spans():
            counted = CaseSelection(kind=kind, query=query, span=span)
            live = CaseSelection(kind=kind, query=query, span=span, narrowed=True)
            service = work.get(MetricsService)
            assert service.metrics(counted) == service.metrics(live)
            assert service.days(counted) == service.days(live)
            assert service.by_day(counted) == service.by_day(live)
            whole = [sum(column) for column in zip(*service.by_day(live).values(), strict=True)]
            months = service.by_day(counted, "month")
            assert [sum(column) for column in zip(*months.values(), strict=True)] == whole
            assert work.get(CounterService).total(KIND, span=span) == Total(whole[0])


@pytest.mark.parametrize(
    ("narrowed", "number"),
    [
        ({}, 25),
        ({"stages": ["done"]}, 9),
        ({"statuses": ["registered"]}, 16),
        ({"statuses": ()}, 0),
        ({"stages": ["rejected"]}, 0),
    ],
)
def test_a_list_knows_its_length_from_the_counters(town, narrowed, number):
    with town.site.work(actor=town.boss, write=False) as work:
        assert work.get(CounterService).total(KIND, **narrowed) == Total(number)
        assert work.get(CounterService).total(KIND, units=[town.unit.id], **narrowed) == Total(number)
        assert work.get(CounterService).total(KIND, categories=[town.category.id + 1], **narrowed) == Total(0)


def test_an_officer_is_told_of_the_cases_that_they_may_see(town):
    with town.site.work() as work:
        other = make_unit(work, "parks")
        for number, case in enumerate(work.session.scalars(select(Case).order_by(Case.id).limit(3))):
            case.unit_id = other.id
            if number:
                work.session.execute(delete(Referral).where(Referral.case_id == case.id))
    rebuild(town.site)
    with town.site.work(actor=town.officer, write=False) as work:
        counters = work.get(CounterService)
        assert counters.total(KIND) == Total(DAYS // 4 - 2)
        assert counters.total(KIND, units=[other.id]) == Total(1)
    with town.site.work(actor=Identity.SYSTEM, write=False) as work:
        assert work.get(CounterService).total(KIND) == Total(DAYS // 4)


@pytest.mark.parametrize(("most", "asked"), [(1000, 3), (10, 7)])
def test_figures_of_an_officer_are_those_of_the_cases_wherever_they_are(town, monkeypatch, most, asked):
    """Cases of other units are counted by state at once, unless they are more than a page counts."""
    with town.site.work() as work:
        other = make_unit(work, "parks")
        for case in work.session.scalars(select(Case).order_by(Case.id).limit(20)):
            case.unit_id = other.id
    rebuild(town.site)
    monkeypatch.setattr(lookup, "MOST_COUNTED", most)
    figures = [{}, {"stages": ["done"]}, {"statuses": ["registered"]}, {"statuses": ()}]
    with town.site.work(actor=town.officer, write=False) as work:
        with statements(town.site) as texts:
            totals = [work.get(CounterService).total(KIND, **narrowed) for narrowed in figures]
        assert len([text for text in texts if text.startswith("SELECT")]) == asked
        for narrowed, total in zip(figures, totals, strict=True):
            conditions = [
                column.in_(narrowed[name])
                for name, column in (("stages", Case.stage), ("statuses", Case.status))
                if name in narrowed
            ]
            seen = select(func.count()).where(
                work.get(AccessService).visible(), Case.kind == KIND, *conditions
            )
            assert total == capped_total(work.session.scalar(seen), most)


@pytest.mark.parametrize("most", [1000, 4])
def test_figures_that_are_read_together_are_those_of_each_kind(site, monkeypatch, most):
    complaints = replace(PETITIONS, name="complaints", permission_prefix="")
    monkeypatch.setitem(kinds_of(site), complaints.name, complaints)
    for permission in permissions_of(complaints):
        monkeypatch.setitem(site.permissions, permission.name, permission)
    monkeypatch.setattr(lookup, "MOST_COUNTED", most)
    kinds = {KIND: (3, 1), complaints.name: (2, 4)}
    with site.work() as work:
        unit, other = make_unit(work, "waste"), make_unit(work, "parks")
        officer = make_staff(work, unit=unit)
        categories = {kind: make_category(work, f"{kind}-1", kind=kind, unit=unit) for kind in kinds}
        for kind, (own, moved) in kinds.items():
            cases = [make_case(work, kind=kind, category=categories[kind]) for _number in range(own + moved)]
            for case in cases[own:]:
                case.unit_id = other.id
        officer = identity(work, officer)
    rebuild(site)
    stages = (None, ["registered"], ["done"])
    with site.work(actor=officer, write=False) as work:
        counters = work.get(CounterService)
        counters.read_together()
        with statements(site) as texts:
            totals = {kind: [counters.total(kind, stages=stage) for stage in stages] for kind in kinds}
    if most == 1000:
        assert len([text for text in texts if text.startswith("SELECT")]) == 3, "for both kinds"
    for kind, numbers in kinds.items():
        every = capped_total(sum(numbers), most)
        assert totals[kind] == [every, every, Total(0)]


def test_beside_many_of_their_own_no_others_are_counted(town, monkeypatch):
    monkeypatch.setattr(lookup, "MOST_COUNTED", 1)
    with town.site.work(actor=town.officer, write=False) as work:
        assert not work.get(CounterService).total(KIND).exact
    with town.site.work(actor=Identity.SYSTEM, write=False) as work:
        assert work.get(CounterService).total(KIND) == Total(DAYS // 4)


@pytest.mark.one_database("postgresql")
@pytest.mark.parametrize("table", ["case_counts", "case_month_counts", "case_totals"])
def test_cases_opened_during_a_rebuild_are_counted_once(town, table):
    def send():
        with town.site.work(actor=town.boss) as work:
            make_case(work, category=town.category)

    def writes_new_ones(statement):
        return statement.startswith(f"INSERT INTO {table}") and "SELECT" in statement

    with concurrently(town.site, send, before=writes_new_ones), town.site.work() as work:
        service = work.get(StatisticsService)
        service.rebuild_month(list(service.months())[-1])
    assert counters(town.site) == RIGHT
    with town.site.work(actor=Identity.SYSTEM, write=False) as work:
        assert work.get(CounterService).total(KIND) == Total(DAYS // 4 + 1)
