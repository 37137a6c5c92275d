"""What is past its deadline goes up, once a step, and the history says so."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.escalation import EscalationService, escalate
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.organization.models import Category
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit, outbox

pytestmark = pytest.mark.both_databases

#: Saturday 1405/09/07, 8:05 in Tehran.
MORNING = datetime(2026, 11, 28, 4, 35, tzinfo=UTC)
RIGHTS = ["petitions:case:view", "petitions:case:work", "petitions:case:refer"]


@pytest.fixture
def city(site, clock, monkeypatch):
    """A unit with a head and an officer below another unit, and the code of a case with one office day."""
    clock.set(MORNING)
    monkeypatch.setitem(site.settings, "escalation", {"steps": ["head", "above"], "every": 2})
    with site.work() as work:
        above = make_unit(work, "deputy")
        unit = make_unit(work, "roads", parent_id=above.id)
        topic = make_category(work, unit=unit, deadline_days=1.0)
        head = make_staff(work, "head", unit=unit, permissions=[*RIGHTS, LEAD])
        officer = make_staff(work, "officer", unit=unit, permissions=RIGHTS)
        boss = make_staff(work, "boss", unit=above, permissions=RIGHTS)
        code = make_case(work, category=topic).code
        people = {
            name: identity(work, user)
            for name, user in (("head", head), ("officer", officer), ("boss", boss))
        }
    return code, people, unit.id, above.id


def where(site, code):
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        referral = work.get(AccessService).action_referral(case)
        return case.unit_id, referral.to_unit_id, referral.to_user_id


def events(site, code, type_="escalated"):
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        return [event for event in work.get(CaseService).events(case) if event.type == type_]


def test_nothing_goes_up_before_its_deadline_nor_where_the_site_wants_none(site, clock, city):
    code, _people, unit, _above = city
    escalate(site)
    assert where(site, code) == (unit, unit, None)
    clock.advance(days=5)
    site.settings["escalation"] = {"steps": (), "every": 2}
    escalate(site)
    assert where(site, code) == (unit, unit, None)


def test_the_head_then_the_unit_above_each_once(site, clock, city):
    code, people, unit, above = city
    with site.work(actor=people["officer"]) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code))
    clock.advance(days=1, hours=1)
    escalate(site)
    escalate(site)
    assert where(site, code) == (unit, unit, people["head"].user_id)
    assert len(events(site, code)) == 1
    with site.work(actor=people["head"]) as work:
        assert work.get(InboxService).counts(InboxQuery()).views["referred"].number == 1
        case = work.get(CaseService).fetch(code)
        assert [step.transition.name for step in work.get(CaseService).steps(case)] == ["accept", "reject"]
    clock.advance(days=3)
    escalate(site)
    escalate(site)
    assert where(site, code) == (above, above, None)
    assert [event.data["step"] for event in events(site, code)] == ["above", "head"]


def test_the_history_says_it_to_staff_and_citizens_are_told_nothing(site, clock, city):
    code, people, _unit, _above = city
    clock.advance(days=1, hours=1)
    with site.work(write=False) as work:
        before = len(outbox(work))
    escalate(site)
    with site.work(write=False) as work:
        assert len(outbox(work)) == before
    assert not events(site, code)[0].public
    with site.work(actor=people["boss"], write=False) as work:
        referral = work.get(StaffHistory).of(work.get(CaseService).fetch(code))[0]
        head = work.session.get(User, people["head"].user_id)
        assert referral.title.mapping["to"] == head.name
        assert "Past its deadline" in referral.title
        assert referral.actor == ""


def test_what_the_head_returns_stays_with_the_unit(site, clock, city):
    code, people, unit, _above = city
    clock.advance(days=1, hours=1)
    escalate(site)
    with site.work(actor=people["head"]) as work:
        work.get(KartableService).give_back(work.get(CaseService).fetch(code), note="Until Monday.")
    escalate(site)
    assert where(site, code) == (unit, unit, None)


def test_a_deadline_that_rests_or_lies_with_the_head_is_left_alone(site, clock, city):
    code, people, unit, _above = city
    with site.work(actor=people["head"]) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code))
    clock.advance(days=1, hours=1)
    escalate(site)
    assert events(site, code) == []
    with site.work() as work:
        work.session.scalars(select(Case).where(Case.code == code)).one().paused_at = clock.now()
    clock.advance(days=10)
    escalate(site)
    assert events(site, code) == []
    assert where(site, code)[0] == unit


def test_a_second_deadline_goes_up_again(site, clock, city):
    code, people, unit, _above = city
    clock.advance(days=1, hours=1)
    escalate(site)
    with site.work(actor=people["head"]) as work:
        cases = work.get(CaseService)
        case = cases.fetch(code, lock=True)
        work.get(KartableService).give_back(case, note="Not ours.")
        case.deadline = clock.now() + timedelta(days=1)
    clock.advance(days=2)
    escalate(site)
    assert len(events(site, code)) == 2
    assert where(site, code) == (unit, unit, people["head"].user_id)


def test_one_failing_escalation_does_not_affect_others(site, clock, city, caplog):
    code, _people, unit, _above = city
    with site.work() as work:
        other = make_case(
            work, category=make_category(work, "more", unit=make_unit(work, "alone"), deadline_days=1.0)
        )
        other = other.code
    clock.advance(days=30)
    escalate(site)
    # Its unit has neither a head nor a unit above: it stays, and no error is reported.
    assert events(site, other) == []
    assert len(events(site, code)) == 2
    assert where(site, code)[0] != unit
    assert "could not be passed up" not in caplog.text


def test_a_missing_case_is_passed_over(site, city):
    with site.work() as work:
        assert EscalationService(work).raise_case(10**6, "head", 0, {}) is None


def test_two_workers_at_once_take_each_step_once(site, clock, city, caplog):
    code, people, unit, _above = city
    with site.work() as work:
        topic = work.session.scalars(select(Category)).one()
        codes = [code, *(make_case(work, category=topic).code for _ in range(5))]
    clock.advance(days=1, hours=1)
    started = threading.Barrier(2)

    def worker():
        started.wait()
        escalate(site)

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [where(site, one) for one in codes] == [(unit, unit, people["head"].user_id)] * 6
    assert [len(events(site, one)) for one in codes] == [1] * 6
    assert "could not be passed up" not in caplog.text
