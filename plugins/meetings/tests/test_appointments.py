"""Appointments: refused times, changes, history, undo."""

from datetime import date

import pytest
from civicportal_meetings.models import DiarySlot
from civicportal_meetings.services import DiaryService
from civicportal_meetings.steps import notice
from sqlalchemy import func, select

from civicportal.api.cases import CaseService
from civicportal.api.plugins import Conflict, Refused
from civicportal.testing import UndoService, outbox

pytestmark = pytest.mark.both_databases

#: The clock stands at noon of Saturday, 9 Khordad 1405; Thursday of that week, 14 Khordad, is a holiday.
SUNDAY, MONDAY, THURSDAY = date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 4)
NEXT_SUNDAY = date(2026, 6, 7)


def slots(office):
    with office.site.work(write=False) as work:
        return work.session.scalar(select(func.count()).select_from(DiarySlot))


def told(office, citizen=None):
    """Return the kinds of messages that a citizen was promised and that were not taken back."""
    with office.site.work(write=False) as work:
        messages = outbox(work, (citizen or office.citizen).mobile)
        return [message.kind for message in messages if message.state != "cancelled"]


class TestSetting:
    def test_a_time_is_an_appointment_a_status_and_an_sms(self, office):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00", note="کارت ملی همراه باشد", expert_note="پرونده آماده شود.")
        (made,) = office.appointments(code)
        assert (made.start, made.end) == (office.moment(SUNDAY, "10:00"), office.moment(SUNDAY, "10:30"))
        assert (made.note, made.expert_note) == ("کارت ملی همراه باشد", "پرونده آماده شود.")
        assert office.case(code).status == "scheduled"
        assert told(office) == ["meetings.registered", "meetings.scheduled_note"]
        assert slots(office) == 6

    def test_the_sms_names_date_time_and_the_first_words_of_the_note(self, office):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00", note="مدارک مالکیت و شناسنامه را همراه داشته باشید.")
        with office.site.work(write=False) as work:
            text = outbox(work, office.citizen.mobile)[-1].text
        assert "۱۴۰۵/۰۳/۱۰" in text
        assert "۱۰:۰۰" in text
        assert "مدارک مالکیت و شناسنامه…\n" in text

    @pytest.mark.parametrize(
        ("note", "said"),
        [
            ("مدارک ملک را همراه بیاورید", "مدارک ملک را همراه…"),
            ("مدارک ملک را همراه بیاور", "مدارک ملک را همراه بیاور"),
            ("ا" * 30, "ا" * 24 + "…"),
            ("دربارهٔ خیابان لاله‌زار، کوچهٔ یک", "دربارهٔ خیابان لاله‌زار…"),
        ],
    )
    def test_the_sms_breaks_no_word_of_the_note(self, office, note, said):
        assert notice(office.moment(), note)["note"] == said

    @pytest.mark.parametrize(
        ("day", "clock", "why"),
        [
            (date(2026, 5, 30), "10:00", "passed"),
            (date(2026, 5, 28), "10:00", "passed"),
            (THURSDAY, "10:00", "closed"),  # 14 Khordad
            (date(2026, 6, 12), "10:00", "closed"),  # a Friday
            (SUNDAY, "07:30", "from 08:00 to"),
            (SUNDAY, "13:45", "from 08:00 to"),
        ],
    )
    def test_past_days_off_and_hours_outside_are_refused(self, office, day, clock, why):
        code = office.ask()
        with pytest.raises(Refused, match=why):
            office.schedule(code, day, clock)
        assert office.case(code).status == "registered"
        assert slots(office) == 0
        assert told(office) == ["meetings.registered"]

    def test_half_days_end_early(self, office):
        with office.site.work(write=False) as work:
            diary = work.get(DiaryService)
            _opens, closes = diary.hours(date(2026, 6, 11))
            assert office.site.calendar.local(closes).hour == 13

    @pytest.mark.parametrize("clock", ["09:40", "10:00", "10:05", "10:25"])
    def test_two_appointments_do_not_overlap(self, office, clock):
        first, second = office.ask(), office.ask(by=office.citizens[1])
        office.schedule(first, SUNDAY, "10:00")
        with pytest.raises(Refused):
            office.schedule(second, SUNDAY, clock)
        assert office.case(second).status == "registered"

    @pytest.mark.parametrize("clock", ["09:30", "10:30"])
    def test_one_may_begin_when_the_other_ends(self, office, clock):
        first, second = office.ask(), office.ask(by=office.citizens[1])
        office.schedule(first, SUNDAY, "10:00")
        office.schedule(second, SUNDAY, clock)
        assert office.case(second).status == "scheduled"


class TestDeadline:
    def test_is_the_day_after_the_meeting_and_a_few_days_after_it_was_given_back(self, office):
        code = office.ask()
        office.schedule(code, NEXT_SUNDAY, "10:00")
        calendar = office.site.calendar
        assert office.case(code).deadline == calendar.add_working_days(office.moment(NEXT_SUNDAY, "10:30"), 1)
        office.step(code, "decline_invitation", by=office.citizen)
        case = office.case(code)
        assert case.deadline > office.site.clock.now()
        assert case.deadline < office.moment(NEXT_SUNDAY, "10:00")


class TestMoving:
    def test_keeps_the_earlier_time_in_the_history_and_tells_the_citizen(self, office):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        office.reschedule(code, MONDAY, "11:00", reason="شهردار در سفر است.")
        new, old = office.appointments(code)
        assert (new.ended_at, old.ended_how, old.why) == (None, "reschedule", "شهردار در سفر است.")
        assert office.case(code).status == "scheduled"
        assert told(office)[-1] == "meetings.rescheduled"
        assert slots(office) == 6

    @pytest.mark.parametrize("clock", ["09:45", "10:00", "10:15"])
    def test_a_little_earlier_or_later_overlaps_only_itself(self, office, clock):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        office.reschedule(code, SUNDAY, clock)
        assert office.current(code).start == office.moment(SUNDAY, clock)
        assert slots(office) == 6

    def test_a_refused_one_leaves_everything_as_it_was(self, office):
        first, second = office.ask(), office.ask(by=office.citizens[1])
        office.schedule(first, SUNDAY, "10:00")
        office.schedule(second, SUNDAY, "11:00")
        with pytest.raises(Refused):
            office.reschedule(second, SUNDAY, "10:15")
        assert office.current(second).start == office.moment(SUNDAY, "11:00")
        assert len(office.appointments(second)) == 1
        assert slots(office) == 12

    @pytest.mark.parametrize("step", ["cancel", "recall"])
    def test_a_cancelled_time_is_free_again(self, office, step):
        first, second = office.ask(), office.ask(by=office.citizens[1])
        office.schedule(first, SUNDAY, "10:00")
        office.step(first, step, public_text="جلسه لغو شد.")
        office.schedule(second, SUNDAY, "10:00")
        assert told(office)[-1] == {"cancel": "meetings.cancelled", "recall": "meetings.recalled"}[step]
        assert office.appointments(first)[0].why == "جلسه لغو شد."


class TestCitizen:
    @pytest.fixture
    def scheduled(self, office):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        return code

    def test_confirms(self, office, scheduled):
        office.step(scheduled, "confirm", by=office.citizen)
        assert office.current(scheduled).response == "confirmed"
        with pytest.raises(Refused):
            office.step(scheduled, "confirm", by=office.citizen)

    def test_declines_and_the_request_is_back_at_the_office(self, office, scheduled):
        office.step(scheduled, "decline_invitation", by=office.citizen, public_text="در سفرم.")
        case = office.case(scheduled)
        assert (case.status, case.is_open, slots(office)) == ("in_review", True, 0)
        assert office.current(scheduled) is None
        assert office.appointments(scheduled)[0].why == "در سفرم."

    def test_asks_for_another_time_and_keeps_this_one_until_then(self, office, scheduled):
        office.step(scheduled, "ask_another_time", by=office.citizen, public_text="دوشنبه‌ها بهتر است.")
        current = office.current(scheduled)
        assert (current.response, current.response_text) == ("other_time", "دوشنبه‌ها بهتر است.")
        assert office.case(scheduled).status == "scheduled"

    def test_withdraws(self, office, scheduled):
        office.step(scheduled, "withdraw", by=office.citizen)
        assert (office.case(scheduled).status, slots(office)) == ("cancelled", 0)

    def test_is_too_late_when_the_meeting_has_begun(self, office, scheduled, clock):
        clock.advance(hours=24)
        for step in ("confirm", "ask_another_time", "decline_invitation", "withdraw"):
            with pytest.raises(Refused):
                office.step(scheduled, step, by=office.citizen, public_text="نشد که بیایم.")

    def test_a_moved_appointment_must_be_confirmed_again(self, office, scheduled):
        office.step(scheduled, "confirm", by=office.citizen)
        office.reschedule(scheduled, MONDAY, "10:00")
        assert office.current(scheduled).response == ""


class TestHolding:
    def test_is_not_before_its_time(self, office, clock):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        for step in ("hold", "miss"):
            with pytest.raises(Refused):
                office.step(code, step, public_text="دستور لازم داده شد.")
        clock.advance(hours=24)
        office.step(code, "hold", public_text="دستور لازم داده شد.", internal_text="صورت‌جلسه")
        assert office.case(code).status == "held"
        assert office.current(code).ended_how == "hold"
        assert told(office)[-1] == "meetings.held"

    def test_who_does_not_come_may_be_given_another_chance(self, office, clock):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        clock.advance(hours=24)
        office.step(code, "miss")
        office.step(code, "reopen", public_text="با عذر موجه.")
        office.schedule(code, NEXT_SUNDAY, "10:00")
        assert office.case(code).status == "scheduled"


class TestUndo:
    def undo(self, office, code):
        with office.site.work(actor=office.officer) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            service = work.get(UndoService)
            service.undo(case, service.last(case).id)

    def test_of_a_time_frees_it(self, office):
        code = office.ask()
        office.schedule(code)
        self.undo(office, code)
        assert (office.case(code).status, slots(office), office.current(code)) == ("registered", 0, None)
        assert told(office) == ["meetings.registered"]

    def test_of_a_move_brings_the_earlier_time_back(self, office, clock):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        clock.advance(minutes=5)
        office.reschedule(code, SUNDAY, "10:15")
        self.undo(office, code)
        current = office.current(code)
        assert (current.start, current.ended_how, slots(office)) == (office.moment(SUNDAY, "10:00"), "", 6)

    def test_of_a_cancellation_brings_the_time_back(self, office, clock):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        clock.advance(minutes=5)
        office.step(code, "cancel", public_text="جلسه لغو شد.")
        self.undo(office, code)
        assert (office.case(code).status, slots(office)) == ("scheduled", 6)

    def test_is_refused_when_the_time_was_given_away(self, office, clock):
        first, second = office.ask(), office.ask(by=office.citizens[1])
        office.schedule(first, SUNDAY, "10:00")
        clock.advance(minutes=5)
        office.step(first, "cancel", public_text="جلسه لغو شد.")
        office.schedule(second, SUNDAY, "10:00")
        with pytest.raises(Conflict):
            self.undo(office, first)
        assert office.case(first).status == "cancelled"

    def test_of_a_held_meeting_lets_it_stand_again(self, office, clock):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00")
        clock.advance(hours=24)
        office.step(code, "hold", public_text="دستور لازم داده شد.")
        self.undo(office, code)
        assert office.current(code).ended_at is None
        assert slots(office) == 6

    @pytest.mark.parametrize(("step", "words"), [("hold", "دستور لازم داده شد."), ("miss", "")])
    def test_of_the_end_of_a_visit_on_a_public_day_lets_it_stand_again(self, office, clock, step, words):
        code = office.ask()
        office.invite(code, office.plan(SUNDAY, "09:00", "12:00", public_seats=1))
        clock.advance(hours=24)
        office.step(code, step, public_text=words)
        self.undo(office, code)
        current = office.current(code)
        assert (office.case(code).status, current.seat, current.ended_at) == ("scheduled", "public", None)

    def test_of_a_released_seat_is_refused_once_it_is_taken(self, office, clock):
        first, second = office.ask(), office.ask(by=office.citizens[1])
        session = office.plan(SUNDAY, "09:00", "12:00", public_seats=1)
        office.invite(first, session)
        clock.advance(minutes=5)
        office.step(first, "cancel", public_text="جلسه لغو شد.")
        office.invite(second, session)
        with pytest.raises(Conflict):
            self.undo(office, first)
        assert office.case(first).status == "cancelled"


class TestOffers:
    def test_are_what_is_free_within_the_hours(self, office):
        code = office.ask()
        office.schedule(code, SUNDAY, "10:00", minutes=45)
        with office.site.work(write=False) as work:
            times = work.get(DiaryService).free_times(SUNDAY, 30)
        shown = [f"{office.site.calendar.local(at):%H:%M}" for at in times]
        assert shown[:5] == ["08:00", "08:30", "09:00", "09:30", "11:00"]
        assert shown[-1] == "13:30"

    def test_name_the_days_with_a_free_time(self, office):
        with office.site.work(write=False) as work:
            found = work.get(DiaryService).free_days(SUNDAY, NEXT_SUNDAY, 30)
        assert SUNDAY in found
        assert THURSDAY not in found
        assert len(found) == 6
