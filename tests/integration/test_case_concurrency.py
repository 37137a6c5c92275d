"""Two officers at once: one wins, the other is told, nothing is lost."""

import threading

import pytest
from sqlalchemy import select

from civicportal.domain.cases.errors import StaleVersion
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.statistics.services import StatisticsService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit
from civicportal.util.errors import Forbidden

pytestmark = pytest.mark.both_databases


@pytest.fixture
def desk(site):
    with site.work() as work:
        unit, other = make_unit(work, "waste"), make_unit(work, "lighting")
        make_staff(work, "elsewhere", unit=other)
        code = make_case(work, category=make_category(work, unit=unit)).code
        officers = [identity(work, make_staff(work, "officer", unit=unit)) for _number in range(2)]
        return code, other.id, officers


def at_once(site, officers, code, deeds):
    """Let every officer do one thing at the same moment; return what each raised, or None."""
    start, results = threading.Barrier(len(officers)), [None] * len(officers)

    def run(number):
        try:
            start.wait()
            with site.work(actor=officers[number]) as work:
                case = work.get(CaseService).fetch(code, lock=True)
                deeds[number](work, case)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(officers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def version_of(site, code):
    with site.work(write=False) as work:
        return work.get(CaseService).fetch(code).version


@pytest.mark.parametrize("round_", range(3))
def test_of_two_steps_one_is_taken(site, desk, round_):
    code, _other, officers = desk
    version = version_of(site, code)

    def step(name):
        return lambda work, case: work.get(CaseService).apply(case, name, version=version)

    results = at_once(site, officers, code, [step("accept"), step("reject")])
    [lost] = [error for error in results if error is not None]
    assert isinstance(lost, StaleVersion)
    with site.work(write=False) as work:
        case = work.get(CaseService).fetch(code)
        steps = work.session.scalars(select(CaseEvent).where(CaseEvent.type == "transition")).all()
        assert [event.after for event in steps] == [case.status]
        assert case.status == ("working" if results[0] is None else "rejected")
    with site.work() as work:
        assert work.get(StatisticsService).verify() == {}


def test_only_one_of_two_officers_takes_over_a_case(site, desk):
    code, _other, officers = desk

    def take(work, case):
        work.get(KartableService).take(case)

    results = at_once(site, officers, code, [take, take])
    [lost] = [error for error in results if error is not None]
    assert isinstance(lost, ReferralError | Forbidden)
    with site.work(write=False) as work:
        [referral] = work.session.scalars(select(Referral)).all()
        assert referral.taken_by_id == officers[results.index(None)].user_id


def test_a_referral_and_a_step_do_not_both_happen(site, desk):
    code, other, officers = desk
    version = version_of(site, code)

    def refer(work, case):
        work.get(KartableService).refer(case, other, version=version)

    def step(work, case):
        work.get(CaseService).apply(case, "accept", version=version)

    results = at_once(site, officers, code, [refer, step])
    assert [type(error) for error in results if error is not None] == [StaleVersion]
    with site.work(write=False) as work:
        open_referrals = work.session.scalars(
            select(Referral).where(Referral.type == "action", Referral.closed_at.is_(None))
        ).all()
        assert len(open_referrals) == 1
        assert work.session.scalar(select(Case.unit_id)) == open_referrals[0].to_unit_id


def test_comments_of_both_are_kept(site, desk):
    code, _other, officers = desk

    def comment(work, case):
        work.get(CaseService).comment(case, f"of {work.actor.user_id}")

    assert at_once(site, officers, code, [comment, comment]) == [None, None]
    with site.work(write=False) as work:
        events = work.session.scalars(select(CaseEvent).where(CaseEvent.type == "commented")).all()
        assert {event.internal_text for event in events} == {f"of {one.user_id}" for one in officers}
