"""Two officers, or two forms, at one moment: exactly one wins, on every database."""

from datetime import date
from threading import Barrier, Thread

import pytest
from civicportal_meetings.jobs import recall_members
from civicportal_meetings.models import Appointment, DiarySlot, MeetingRequest, WaitingListEntry
from civicportal_meetings.services import MeetingService, PublicDayService
from sqlalchemy import func, select

from civicportal.api.cases import Case, CaseService
from civicportal.api.plugins import Refused
from civicportal.testing import identity, make_citizen

pytestmark = pytest.mark.both_databases

SUNDAY, MONDAY = date(2026, 5, 31), date(2026, 6, 1)
MANY = 20


def at_once(*attempts):
    """Run functions in threads that start together; return what each returned or raised."""
    barrier, results = Barrier(len(attempts)), [None] * len(attempts)

    def run(number, attempt):
        barrier.wait()
        try:
            results[number] = attempt()
        except Exception as error:
            results[number] = error

    threads = [Thread(target=run, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def crowd(office):
    """Return the codes of twenty requests."""
    with office.site.work() as work:
        people = [
            identity(work, make_citizen(work, f"+98900000{n:04}"), "citizen") for n in range(100, 100 + MANY)
        ]
    return [office.ask(by=person) for person in people]


def winners(results):
    assert all(result is None or isinstance(result, Refused) for result in results), results
    return [result for result in results if result is None]


def test_twenty_officers_give_away_one_time_once(office, crowd):
    results = at_once(*(lambda code=code: office.schedule(code, SUNDAY, "10:00") for code in crowd))
    assert len(winners(results)) == 1
    with office.site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(Appointment)) == 1
        assert work.session.scalar(select(func.count()).select_from(DiarySlot)) == 6
        scheduled = select(func.count()).select_from(Case).where(Case.status == "scheduled")
        assert work.session.scalar(scheduled) == 1


def test_overlapping_times_exclude_each_other_too(office, crowd):
    clocks = ["10:00", "10:05", "10:10", "10:15", "10:20", "10:25"]
    results = at_once(
        *(
            lambda code=code, clock=clock: office.schedule(code, SUNDAY, clock)
            for code, clock in zip(crowd, clocks, strict=False)
        )
    )
    assert len(winners(results)) == 1


def test_two_that_change_places_neither_wait_for_each_other_nor_succeed(office, crowd):
    first, second = crowd[:2]
    office.schedule(first, SUNDAY, "10:00")
    office.schedule(second, SUNDAY, "11:00")
    results = at_once(
        lambda: office.reschedule(first, SUNDAY, "11:00"), lambda: office.reschedule(second, SUNDAY, "10:00")
    )
    assert winners(results) == []
    assert office.current(first).start == office.moment(SUNDAY, "10:00")


def test_a_session_and_an_appointment_exclude_each_other(office, crowd):
    results = at_once(
        lambda: office.schedule(crowd[0], MONDAY, "10:00"), lambda: office.plan(MONDAY, "09:00", "12:00")
    )
    assert len([result for result in results if isinstance(result, Refused)]) == 1


def test_the_last_seats_of_a_session_are_given_once(office, crowd):
    session = office.plan(public_seats=3)
    results = at_once(*(lambda code=code: office.invite(code, session) for code in crowd))
    assert len(winners(results)) == 3
    with office.site.work(write=False) as work:
        service = work.get(PublicDayService)
        assert service.free(service.find(session)) == {"public": 0, "office": 0}


def test_the_waiting_list_is_no_longer_than_it_may_be(office, crowd):
    session = office.plan(reserve_seats=2)

    def wait(code):
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).wait(session, work.get(CaseService).fetch(code))

    assert len(winners(at_once(*(lambda code=code: wait(code) for code in crowd)))) == 2
    with office.site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(WaitingListEntry)) == 2


def test_two_forms_of_one_citizen_open_one_request(office):
    results = at_once(*(lambda: office.ask() for _number in range(8)))
    assert len([result for result in results if isinstance(result, str)]) == 1
    assert len([result for result in results if isinstance(result, Refused)]) == 7
    with office.site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(MeetingRequest)) == 1


def test_one_form_sent_many_times_is_one_request(office):
    results = at_once(*(lambda: office.ask(idempotency_key="k" * 22) for _number in range(8)))
    assert len(set(results)) == 1
    assert isinstance(results[0], str)


def test_a_session_is_cancelled_while_seats_are_given(office, crowd):
    session = office.plan(public_seats=5)
    for code in crowd[:2]:
        office.invite(code, session)

    def cancel():
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).cancel(session, "شهردار در سفر است.")

    results = at_once(cancel, *(lambda code=code: office.invite(code, session) for code in crowd[2:5]))
    assert results[0] is None, results
    recall_members(office.site)
    with office.site.work(write=False) as work:
        standing = select(func.count()).select_from(Appointment).where(Appointment.ended_at.is_(None))
        assert work.session.scalar(standing) == 0


def test_the_service_is_one_for_all_who_ask(office):
    code = office.ask()
    with office.site.work(actor=office.citizen, write=False) as work:
        assert work.get(MeetingService).open_request().code == code
