"""The reminder of the day before: exactly one for each appointment that stands."""

from datetime import date

import pytest
from civicportal_meetings.jobs import jobs, remind
from civicportal_meetings.models import Appointment
from sqlalchemy import event

from civicportal.api.notifications import PreferenceService
from civicportal.testing import outbox

SUNDAY, MONDAY, TUESDAY = date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 2)


def reminders(office, citizen=None):
    with office.site.work(write=False) as work:
        return [m for m in outbox(work, (citizen or office.citizen).mobile) if m.kind == "meetings.reminder"]


@pytest.fixture
def scheduled(office):
    """A meeting on Tuesday at ten; the clock stands at noon of Saturday."""
    code = office.ask()
    office.schedule(code, TUESDAY, "10:00")
    return code


def test_is_sent_the_day_before_and_names_the_time(office, scheduled, clock):
    remind(office.site)
    assert reminders(office) == []
    clock.advance(days=2)
    remind(office.site)
    (message,) = reminders(office)
    assert "۱۴۰۵/۰۳/۱۲" in message.text
    assert "۱۰:۰۰" in message.text
    assert message.expires_at == office.moment(TUESDAY, "10:00")


def test_is_sent_once(office, scheduled, clock):
    clock.advance(days=2)
    for _run in range(3):
        remind(office.site)
        clock.advance(hours=1)
    assert len(reminders(office)) == 1


def test_is_sent_on_the_day_itself_when_no_worker_ran_the_day_before(office, scheduled, clock):
    clock.set(office.moment(TUESDAY, "01:00"))
    remind(office.site)
    (message,) = reminders(office)
    assert message.next_at == office.moment(TUESDAY, "08:00"), "nobody is woken"


def test_is_of_no_use_once_the_meeting_has_begun(office, scheduled, clock):
    clock.set(office.moment(TUESDAY, "10:00"))
    remind(office.site)
    assert reminders(office) == []


def test_who_was_told_the_time_after_the_hour_of_the_day_before_needs_none(office, clock):
    code = office.ask()
    clock.set(office.moment(MONDAY, "15:00"))
    office.schedule(code, TUESDAY, "12:00")
    clock.set(office.moment(TUESDAY, "11:00"))
    remind(office.site)
    assert reminders(office) == []


def test_waits_for_its_hour(office, scheduled, clock):
    clock.set(office.moment(MONDAY, "09:00"))
    remind(office.site)
    assert reminders(office) == []


@pytest.mark.parametrize("step", ["cancel", "recall"])
def test_cancelled_meetings_get_no_reminder(office, scheduled, clock, step):
    office.step(scheduled, step, public_text="جلسه لغو شد.")
    clock.advance(days=2)
    remind(office.site)
    assert reminders(office) == []


def test_moved_meetings_are_reminded_at_the_new_time(office, scheduled, clock):
    office.reschedule(scheduled, date(2026, 6, 7), "10:00")
    clock.advance(days=2)
    remind(office.site)
    assert reminders(office) == []
    clock.set(office.moment(date(2026, 6, 6), "12:00"))
    remind(office.site)
    assert len(reminders(office)) == 1


def test_who_was_just_told_the_time_needs_none(office, clock):
    code = office.ask()
    office.schedule(code, SUNDAY, "10:00")
    remind(office.site)
    assert reminders(office) == []


def test_many_are_sent_in_pieces(office, clock, monkeypatch):
    monkeypatch.setattr("civicportal_meetings.jobs.AT_ONCE", 1)
    for citizen, at in zip(office.citizens, ("10:00", "10:30", "11:00"), strict=True):
        office.schedule(office.ask(by=citizen), TUESDAY, at)
    clock.advance(days=2)
    remind(office.site)
    assert [len(reminders(office, citizen)) for citizen in office.citizens] == [1, 1, 1]


def test_who_wants_none_costs_the_others_nothing(office, clock):
    quiet, other, _third = office.citizens
    with office.site.work(actor=quiet) as work:
        work.get(PreferenceService).change(quiet.user_id, reminders=False)
    for citizen, at in ((quiet, "10:00"), (other, "10:30")):
        office.schedule(office.ask(by=citizen), TUESDAY, at)
    clock.advance(days=2)
    remind(office.site)
    assert [len(reminders(office, citizen)) for citizen in (quiet, other)] == [0, 1]


def test_one_failing_reminder_does_not_affect_others(office, clock, caplog):
    broken, other, _third = office.citizens
    codes = [office.ask(by=citizen) for citizen in (broken, other)]
    for code, at in zip(codes, ("10:00", "10:30"), strict=True):
        office.schedule(code, TUESDAY, at)

    def lose(_mapper, _connection, appointment):
        if appointment.case_id == office.case(codes[0]).id:
            raise RuntimeError

    clock.advance(days=2)
    event.listen(Appointment, "before_update", lose)
    try:
        remind(office.site)
    finally:
        event.remove(Appointment, "before_update", lose)
    assert [len(reminders(office, citizen)) for citizen in (broken, other)] == [0, 1]
    assert "the next run tries again" in caplog.text
    remind(office.site)
    assert [len(reminders(office, citizen)) for citizen in (broken, other)] == [1, 1]


def test_hook_register_jobs_names_them():
    assert {job.name for job in jobs()} == {"meetings.reminders", "meetings.recall"}
