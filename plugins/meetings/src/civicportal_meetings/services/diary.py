"""The mayor's diary: booked times are rows of five minutes, so that none is booked twice."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from civicportal.api.database import Service, Work
from civicportal.api.localization import CityCalendar
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Refused
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment, DiarySlot, MeetingSession
from civicportal_meetings.names import KIND

RASTER = timedelta(minutes=5)
Span = tuple[datetime, datetime]


class DiaryService(Service):
    """Find free times and book them."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.settings = work.site.plugin_settings[KIND]
        self.calendar = work.get(OrganizationService).calendar

    # -- rules ----------------------------------------------------------------------------------------------

    def hours(self, day: date) -> Span | None:
        """Return start and end of a day's meeting hours, None on a day off."""
        office = self.calendar.office_hours(day)
        if office is None:
            return None
        opens, closes = self._clock()
        half_day = day.weekday() in self.calendar.half_days
        end = self.calendar.at(day, closes)
        return self.calendar.at(day, opens), min(end, office[1]) if half_day else end

    def check(self, start: datetime, end: datetime) -> None:
        """Check that a meeting is possible at a time.

        :raises Refused: for the past, a day off, and a time outside the meeting hours.
        """
        if start <= self.work.clock.now():
            raise Refused(_("This time has passed already."))
        hours = self.hours(self.calendar.today(start))
        if hours is None:
            raise Refused(_("The municipality is closed on this day."))
        if start < hours[0] or end > hours[1]:
            first, last = (f"{self.calendar.local(moment):%H:%M}" for moment in hours)
            raise Refused(
                _(
                    "On this day meetings take place from ${first} to ${last}.",
                    mapping={"first": first, "last": last},
                )
            )

    def _clock(self) -> tuple[time, time]:
        return CityCalendar.parse_hours(self.settings["hours"])

    # -- taking ---------------------------------------------------------------------------------------------

    def take(self, owner: Appointment | MeetingSession, *, instead_of: Appointment | None = None) -> None:
        """Book the time of an appointment or a session.

        Parts of its previous time that are not reused are released. New rows are inserted before old ones are deleted:
        a transaction waiting for a row holds none that others wait for, so there are no deadlocks.

        :raises Refused: when any part of it is booked.
        """
        column = _owner(owner)
        wanted = list(moments(owner.start, owner.end))
        kept: set[datetime] = set()
        if instead_of is not None:
            mine = (DiarySlot.appointment_id == instead_of.id, DiarySlot.at.in_(wanted))
            kept = set(self.session.scalars(select(DiarySlot.at).where(*mine)))
            self.session.execute(update(DiarySlot).where(*mine).values({column: owner.id}))
        rows = [{"at": at, column: owner.id} for at in wanted if at not in kept]
        try:
            with self.work.savepoint():
                if rows:
                    self.session.execute(insert(DiarySlot), rows)
        except IntegrityError:
            raise Refused(
                _("The mayor has another appointment at this time. Please choose another one.")
            ) from None
        if instead_of is not None:
            self.free(instead_of)

    def retake(self, appointment: Appointment, instead_of: Appointment | None) -> None:
        """Book the time of an appointment that an undo restores.

        If the time was never released, it is still booked.

        :raises Refused: when any part of it was booked since.
        """
        mine = select(DiarySlot.at).where(DiarySlot.appointment_id == appointment.id).limit(1)
        if self.session.scalar(mine) is None:
            self.take(appointment, instead_of=instead_of)

    def free(self, owner: Appointment | MeetingSession) -> None:
        """Release the time of an appointment or a session."""
        column = getattr(DiarySlot, _owner(owner))
        self.session.execute(delete(DiarySlot).where(column == owner.id))

    # -- offering -------------------------------------------------------------------------------------------

    def free_times(self, day: date, minutes: int) -> list[datetime]:
        """Return the times of a day at which a meeting of this length can start."""
        return [start for start, free in self.times(day, minutes) if free]

    def times(self, day: date, minutes: int) -> list[tuple[datetime, bool]]:
        """Return the start times of a day for a meeting of this length, each with whether it is free."""
        hours = self.hours(day)
        if hours is None:
            return []
        taken = self._taken(*hours)
        return list(self._offers(hours, taken, timedelta(minutes=minutes)))

    def free_days(self, first: date, last: date, minutes: int) -> set[date]:
        """Return the days of a period with time for a meeting of this length."""
        taken = self._taken(self.calendar.day_bounds(first)[0], self.calendar.day_bounds(last)[1])
        length = timedelta(minutes=minutes)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return {
            day
            for day in days
            if (hours := self.hours(day)) and any(free for _at, free in self._offers(hours, taken, length))
        }

    def _taken(self, start: datetime, end: datetime) -> set[datetime]:
        query = select(DiarySlot.at).where(DiarySlot.at >= start, DiarySlot.at < end)
        return set(self.session.scalars(query))

    def _offers(
        self, hours: Span, taken: set[datetime], length: timedelta
    ) -> Iterator[tuple[datetime, bool]]:
        now, start = self.work.clock.now(), hours[0]
        while start + length <= hours[1]:
            yield start, start > now and taken.isdisjoint(moments(start, start + length))
            start += timedelta(minutes=self.settings["step_minutes"])


def moments(start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the five-minute slots that a time touches."""
    at = start - (start - start.replace(hour=0, minute=0, second=0, microsecond=0)) % RASTER
    while at < end:
        yield at
        at += RASTER


def _owner(owner: Appointment | MeetingSession) -> str:
    return "appointment_id" if isinstance(owner, Appointment) else "session_id"
