"""Jobs: reminders on the day before, and the release of times after a session was cancelled.

An appointment has one reminder; a moved or cancelled one has none.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, or_, select

from civicportal.api.cases import Case
from civicportal.api.database import Service, Work
from civicportal.api.lists import Rows, Selected
from civicportal.api.notifications import NotificationService, PreferenceService
from civicportal.api.people import Identity
from civicportal.api.plugins import Job, Site
from civicportal_meetings.models import Appointment
from civicportal_meetings.names import KIND
from civicportal_meetings.services.sessions import PublicDayService

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
AT_ONCE = 50
"""Batch size of ids."""
ONE_DAY = timedelta(days=1)


def jobs() -> Sequence[Job]:
    """Return the jobs."""
    return (
        Job(name="meetings.reminders", every=EVERY, run=remind),
        Job(name="meetings.recall", every=EVERY, run=recall_members),
    )


def recall_members(site: Site, actor: Identity = Identity.SYSTEM, session_id: int | None = None) -> None:
    """Release the times of cancelled sessions, each in a separate transaction.

    Cancelling a session does so at once; the worker completes it after an interruption.

    :param session_id: of this session only.
    """
    with site.work(write=False) as work:
        ids = work.get(PublicDayService).to_recall(session_id)
    for case_id in ids:
        try:
            with site.work(actor=actor) as work:
                work.get(PublicDayService).recall(case_id)
        except Exception:
            log.exception("the time of case %s could not be taken back; the next run tries again", case_id)


def recall_all(site: Site, actor: Identity, session_id: int) -> None:
    """Release the times of a cancelled session: those of requests of a colleague or another unit as the system."""
    for one in (actor, Identity.SYSTEM):
        recall_members(site, one, session_id)


def remind(site: Site) -> None:
    """Queue the reminders that are due, each in a separate transaction."""
    after = 0
    while True:
        with site.work(write=False) as work:
            found = work.get(Reminders).due(after)
        for appointment_id in found:
            try:
                with site.work() as work:
                    work.get(Reminders).remind(appointment_id)
            except Exception:
                log.exception("the reminder of %s failed; the next run tries again", appointment_id)
        if len(found) < AT_ONCE:
            return
        after = found[-1]


class Reminders(Service):
    """Reminds citizens of tomorrow's meeting, and of today's if no reminder was sent in time."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.calendar = work.site.calendar
        self.now = work.clock.now()

    def due(self, after: int) -> Sequence[int]:
        """Return some appointments whose reminder is due, ordered by id.

        :param after: only ids above this one.
        """
        query = self._due(Appointment.id).where(Appointment.id > after)
        return self.session.scalars(query.order_by(Appointment.id).limit(AT_ONCE)).all()

    def remind(self, appointment_id: int) -> None:
        """Queue the reminder of an appointment once, unless the appointment is cancelled."""
        query = self._due(Appointment, Case).where(Appointment.id == appointment_id)
        row = self.session.execute(query.with_for_update(of=Appointment, skip_locked=True)).first()
        if row is None:
            return
        appointment, case = row
        appointment.reminded_at = self.now
        self.work.get(NotificationService).remind(
            case,
            "meetings.reminder",
            moment=appointment.start,
            once=f"meetings.reminder:{appointment.id}",
            expires_at=appointment.start,
        )

    def _due(self, *columns: Selected) -> Rows:
        today = self.calendar.today(self.now)
        days = [day for day in (today, today + ONE_DAY) if self._hour(day) <= self.now]
        return (
            select(*columns)
            .join_from(Appointment, Case, Case.id == Appointment.case_id)
            .where(
                or_(*(self._of_day(day) for day in days)),
                Appointment.start > self.now,
                Appointment.ended_at.is_(None),
                Appointment.reminded_at.is_(None),
                Case.status == "scheduled",
                PreferenceService.wants("reminders", Case.citizen_id),
            )
        )

    def _of_day(self, day: date) -> ColumnElement[bool]:
        """Return the condition for a day's appointments, except those notified after the reminder time."""
        first, last = self.calendar.day_bounds(day)
        return and_(
            Appointment.start >= first, Appointment.start < last, Appointment.made_at < self._hour(day)
        )

    def _hour(self, day: date) -> datetime:
        """Return the reminder time of a day's meetings: the day before, at the time set by the site."""
        clock = time.fromisoformat(self.work.site.plugin_settings[KIND]["reminder_time"])
        return self.calendar.at(day - ONE_DAY, clock)
