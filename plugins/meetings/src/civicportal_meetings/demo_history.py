"""Generation of one demo request: each transition at its time, by its actor."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from civicportal.api.cases import AccessService, Case, CaseService
from civicportal.api.database import Work
from civicportal.api.demo import set_time
from civicportal.api.forms import Values
from civicportal.api.organization import OrganizationService
from civicportal.api.people import Identity
from civicportal_meetings.demo_stories import RequestStory
from civicportal_meetings.prefill import usual_place
from civicportal_meetings.services import (
    DiaryService,
    MeetingService,
    NewMeeting,
    NewOrder,
    OrderService,
    PublicDayService,
)
from civicportal_meetings.steps import Seat, Time
from civicportal_meetings.week import week_of

if TYPE_CHECKING:
    from civicportal_meetings.demo import MeetingsDemo

NOTICES = timedelta(days=2)
"""Transitions older than this notify no one: no SMS about last month."""
MINUTES = 30
LOOKED_THROUGH = timedelta(days=13)
SOON_AFTER = timedelta(minutes=40)


class DemoHistory:
    """The history of one request until today."""

    def __init__(self, teller: "MeetingsDemo", work: Work, row: Values, story: RequestStory) -> None:
        self.teller, self.work, self.row, self.story = teller, work, row, story
        self.rng, self.citizen = teller.rng, work.actor
        self.cases, self.meetings = work.get(CaseService), work.get(MeetingService)
        self.calendar = work.get(OrganizationService).calendar

    def generate(self) -> None:
        """Send the request and take its transitions."""
        case = self._ask()
        end = self.story.end
        if end == "registered":
            return
        self._wait(0.4)
        self._step(case, "start_review")
        self._wait(0.8)
        if end == "declined":
            self._step(case, "decline", public_text=self.teller.line("decline_reasons"))
        elif end == "withdrawn":
            self._step(case, "withdraw", by=self.citizen, public_text=self.teller.line("withdraw_words"))
        elif end == "in_review":
            self._put_on_waiting_list(case)
        else:
            self._meet(case)

    def _ask(self) -> Case:
        row, rng = self.row, self.rng
        return self.meetings.submit(
            NewMeeting(
                subject=row["subject"],
                reason=row["reason"],
                applicant=self.teller.applicant(self.citizen, row),
                suitable_days=sorted(rng.sample(["sat", "sun", "mon", "tue", "wed"], rng.randint(0, 3))),
                suitable_part=rng.choice(["", "", "morning", "noon"]),
                companions=row.get("companions", ()),
            )
        )

    def _put_on_waiting_list(self, case: Case) -> None:
        if self.story.session:
            self.work.actor = self.teller.office
            self.work.get(PublicDayService).wait(self.teller.days[self.story.session], case)

    # -- the time -------------------------------------------------------------------------------------------

    def _meet(self, case: Case) -> None:
        self._set_time(case)
        if self.story.moved:
            self._wait(0.5)
            self._move(case)
        self._wait(0.3)
        if self.story.answer:
            words = self.teller.line("other_times") if self.story.answer == "ask_another_time" else ""
            self._step(case, self.story.answer, by=self.citizen, public_text=words)
        if self.story.end == "cancelled":
            self._step(case, "cancel", public_text=self.teller.line("cancel_reasons"))
        elif self.story.end != "scheduled" and self._has_passed(case):
            self._end(case)

    def _set_time(self, case: Case) -> None:
        self.work.actor = self.teller.office
        note, expert_note = self.teller.line("sms_notes"), self.teller.line("expert_notes")
        if self.story.session:
            session = self.work.get(PublicDayService).find(self.teller.days[self.story.session])
            seat = Seat(session=session, note=note, expert_note=expert_note)
            self.meetings.invite(case, seat, notify=self._is_recent)
        else:
            time = self._time(self._aim(), note=note, expert_note=expert_note)
            self.meetings.schedule(case, time, notify=self._is_recent)

    def _move(self, case: Case) -> None:
        self.work.actor = self.teller.office
        time = self._time(self._aim() + timedelta(days=1))
        reason = self.teller.line("reschedule_reasons")
        self.meetings.reschedule(case, time, reason=reason, notify=self._is_recent)

    def _aim(self) -> datetime:
        week = week_of(self.calendar.today(self.teller.now), self.calendar)
        days = [week + timedelta(days=number) for number in range(7)]
        if self.story.this_week is not None:
            working = [day for day in days if self.calendar.is_working_day(day)] or days
            return self._morning(working[self.story.this_week % len(working)])
        ahead = timedelta(days=self.story.ahead)
        if self.story.end == "scheduled":
            return self._morning(week + timedelta(days=7) + ahead)
        return self.teller.now - timedelta(days=self.story.sent) + ahead

    def _morning(self, day: date) -> datetime:
        moment: datetime = self.calendar.day_bounds(day)[0]
        return moment

    def _time(self, near: datetime, **notes: str) -> Time:
        diary = self.work.get(DiaryService)
        first = self.calendar.today(near)
        day = min(diary.free_days(first, first + LOOKED_THROUGH, MINUTES))
        start = self.rng.choice(diary.free_times(day, MINUTES))
        return Time(start=start, minutes=MINUTES, place=usual_place(self.work), **notes)

    def _has_passed(self, case: Case) -> bool:
        appointment = self.meetings.appointment(case)
        return appointment is not None and appointment.start + SOON_AFTER <= self.teller.now

    # -- afterwards -----------------------------------------------------------------------------------------

    def _end(self, case: Case) -> None:
        appointment = self.meetings.appointment(case)
        assert appointment
        set_time(self.work.site, appointment.start + SOON_AFTER)
        if self.story.end == "absent":
            self._step(case, "miss")
            return
        result, minutes = self.teller.line("results"), self.teller.line("minutes")
        self._step(case, "hold", public_text=result, internal_text=minutes)
        if self.story.order:
            self._give_order(case)

    def _give_order(self, case: Case) -> None:
        found = self.rng.choice(self.teller.data["orders"])
        unit = self.work.get(OrganizationService).unit(found["unit"])
        orders = self.work.get(OrderService)
        order = orders.give(case, NewOrder(text=found["text"], unit=unit, days=found["days"]))
        if self.story.order == "registered":
            return
        self._wait(1)
        self._step(order, "start", by=self._handler(order))
        if self.story.order == "done":
            self._wait(2)
            self._step(
                order, "finish", by=self._handler(order), public_text=self.teller.line("order_results")
            )
            self.work.actor = self.teller.office
            orders.share(order)

    # -- inside ---------------------------------------------------------------------------------------------

    @property
    def _is_recent(self) -> bool:
        return self.teller.now - self.work.clock.now() < NOTICES

    def _wait(self, office_days: float) -> None:
        later = self.calendar.add_working_days(self.work.clock.now(), office_days)
        set_time(self.work.site, min(later, self.teller.now))

    def _step(self, case: Case, name: str, *, by: Identity | None = None, **words: str) -> None:
        self.work.actor = by or self.teller.office
        self.cases.apply_form(case, name, words, notify=self._is_recent)

    def _handler(self, order: Case) -> Identity:
        """Return an officer of the order's unit, else one with city-wide rights."""
        found = [person for person in self.teller.staff if self._may_act(person, order)]
        local = [person for person in found if not person.permits("orders:case:act_any")]
        return self.rng.choice(local or found)

    def _may_act(self, person: Identity, order: Case) -> bool:
        self.work.actor = person
        return self.work.get(AccessService).may_act(order, "orders:case:work")
