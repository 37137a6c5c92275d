"""Each metric of docs/metrics.md by its definition, on cases whose figures can be told by hand."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.lookup import CounterService
from civicportal.domain.statistics.metrics import MetricsService
from civicportal.domain.statistics.periods import Span
from civicportal.domain.statistics.selection import CaseSelection
from civicportal.domain.statistics.services import StatisticsService
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit

pytestmark = pytest.mark.both_databases


class City:
    """Petitions with a deadline of two office days."""

    def __init__(self, site, clock):
        self.site, self.clock = site, clock
        with site.work() as work:
            self.unit = make_unit(work, "waste")
            self.other_unit = make_unit(work, "parks")
            self.category = make_category(work, "bin", unit=self.unit)
            self.officer = identity(work, make_staff(work, "administrator"))
            self.people = [
                identity(work, make_citizen(work, f"+98900000000{n}"), "citizen") for n in (1, 2, 3)
            ]

    def send(self, by=0, **more):
        with self.site.work() as work:
            citizen = more.pop("citizen_id", self.people[by].user_id)
            return make_case(work, citizen_id=citizen, **{"category": self.category, **more}).code

    def act(self, code, *names, by=None):
        for name in names:
            with self.site.work(actor=by or self.officer) as work:
                cases = work.get(CaseService)
                case = cases.fetch_own(code, lock=True) if by else cases.fetch(code, lock=True)
                cases.apply(case, name)

    def close(self, code):
        self.act(code, "accept", "finish")

    def rate(self, code, stars, by=0):
        with self.site.work(actor=self.people[by]) as work:
            work.get(RatingService).rate(work.get(CaseService).fetch_own(code, lock=True), stars)

    def refer(self, code, unit):
        with self.site.work(actor=self.officer) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            return work.get(KartableService).refer(case, unit.id, unattended=True).id

    def case(self, code):
        with self.site.work(write=False) as work:
            return work.get(CaseService).fetch(code)

    @property
    def now(self):
        """The figures of all the time: from counters, and the same live."""
        with self.site.work(write=False) as work:
            kind = kind_of(self.site, "petitions")
            asked = CaseSelection(kind=kind, query=self.query, span=Span())
            live = CaseSelection(kind=kind, query=self.query, span=Span(), narrowed=True)
            service = work.get(MetricsService)
            numbers = service.metrics(asked).now
            assert numbers == service.metrics(live).now
            counters = work.get(StatisticsService)
            assert counters.verify() == counters.verify_months() == counters.verify_totals() == {}
            return numbers

    def query(self, _span, *columns):
        return select(*columns).where(Case.kind == "petitions")


@pytest.fixture
def city(site, clock):
    return City(site, clock)


def test_registered_in_progress_reviewed_and_closed_without_action(city):
    codes = [city.send() for _ in range(4)]
    city.act(codes[1], "accept")
    city.close(codes[2])
    city.act(codes[3], "reject")
    now = city.now
    assert (now.registered, now.in_progress, now.reviewed, now.rejected) == (4, 2, 1, 1)


def test_overdue_is_open_past_its_deadline_unless_it_waits_for_the_citizen(city):
    late, waiting, closed = city.send(), city.send(), city.send()
    city.act(waiting, "accept", "pause")
    city.close(closed)
    city.clock.advance(days=10)
    city.send()
    assert city.now.overdue == 1
    assert city.case(late).deadline < city.clock.now()


def test_on_time_share_is_closed_on_time_of_closed_and_overdue(city):
    on_time, late, _overdue = city.send(), city.send(), city.send()
    city.close(on_time)
    city.clock.advance(days=10)
    city.close(late)
    city.send()  # open and not yet due: it counts in neither
    now = city.now
    assert (now.on_time, now.late, now.overdue) == (1, 2, 1)
    assert now.on_time_share == pytest.approx(100 / 3)


def test_on_time_share_leaves_out_what_has_no_deadline(city):
    city.close(city.send(category=None))
    now = city.now
    assert (now.reviewed, now.on_time, now.late, now.on_time_share) == (1, 0, 0, None)


def test_median_handling_time_is_in_working_hours_of_closed_cases(city):
    with city.site.work() as work:
        calendar = work.get(OrganizationService).calendar
    full, begin = calendar.full_day, city.clock.now()
    ends = [calendar.add_working_time(begin, full * days) for days in (1, 2, 4)]
    codes = [city.send() for _ in range(4)]
    for code, end in zip(codes, ends, strict=False):
        city.clock.advance(seconds=(end - city.clock.now()).total_seconds())
        city.close(code)
    hours = full.total_seconds() / 3600
    assert city.now.median_hours == round(2 * hours)
    assert city.case(codes[2]).handling_minutes == round(4 * hours * 60)
    assert city.case(codes[3]).handling_minutes is None


def test_reopen_share_is_opened_again_of_closed_at_least_once(city):
    again, never_again, _open = city.send(), city.send(), city.send()
    city.close(again)
    city.close(never_again)
    city.act(again, "object", by=city.people[0])
    now = city.now
    assert (now.reopened, now.closed_once) == (1, 2)
    assert now.reopen_share == 50


def test_satisfied_share_is_of_rated_cases_and_of_their_last_closing(city):
    good, bad, silent = city.send(), city.send(), city.send()
    for code in (good, bad, silent):
        city.close(code)
    city.rate(good, 3)
    city.rate(good, 5)  # changed one's mind: one rating
    city.rate(bad, 2)
    assert (city.now.rated, city.now.satisfied_share) == (2, 50)
    city.act(bad, "object", by=city.people[0])
    assert city.now.rated == 2
    city.act(bad, "finish")
    assert (city.now.rated, city.now.satisfied_share) == (1, 100)


def test_citizens_are_different_people(city):
    for by in (0, 0, 1):
        city.send(by)
    city.send(citizen_id=None)
    assert city.now.citizens == 2


def test_passed_on_counts_referrals_by_people(city):
    code, _other = city.send(), city.send()
    city.refer(code, city.other_unit)
    city.refer(code, city.unit)
    assert city.now.mean_hops == 1


def test_cases_without_category_or_unit_are_counted_by_themselves(city):
    with_both, _without = city.send(), city.send(category=None)
    with city.site.work(write=False) as work:
        everything = CaseSelection(kind=kind_of(city.site, "petitions"), query=city.query, span=Span())
        service, category = work.get(MetricsService), city.case(with_both).category_id

        def number(**ids):
            return service.metrics(replace(everything, **ids)).now.registered

        assert number(categories=frozenset({0})) == number(categories=frozenset({category})) == 1
        assert number(categories=frozenset({0, category})) == 2
        assert number(units=frozenset({0})) == 0
        counters = work.get(CounterService)
        assert counters.total("petitions", categories=frozenset({0})).number == 1
    with city.site.work(actor=identity_of_unit(city), write=False) as work:
        assert work.get(CounterService).total("petitions", categories=frozenset({0})).number == 0


def identity_of_unit(city):
    """Return an officer who sees what lies in one unit and no more."""
    with city.site.work() as work:
        return identity(work, make_staff(work, unit=city.unit))


def test_undone_transitions_do_not_count(city):
    code, closed = city.send(), city.send()
    before = city.now
    event = city.refer(code, city.other_unit)
    with city.site.work(actor=city.officer) as work:
        work.get(UndoService).undo(work.get(CaseService).fetch(code, lock=True), event)
    assert city.now == before
    city.act(closed, "accept")
    working = city.now
    city.act(closed, "finish")
    with city.site.work(actor=city.officer) as work:
        case = work.get(CaseService).fetch(closed, lock=True)
        work.get(UndoService).undo(case, work.get(UndoService).last(case).id)
    assert city.now == working


def test_what_is_remembered_goes_when_a_case_changes_its_status_within_its_stage(city, monkeypatch):
    monkeypatch.setattr("civicportal.domain.statistics.remembered.WORTHWHILE", 1)
    code, other = city.send(), city.send()
    for one in (code, other):
        city.act(one, "accept")
    city.clock.advance(days=10)
    assert city.now.overdue == 2
    city.act(code, "pause")
    assert city.now.overdue == 1
