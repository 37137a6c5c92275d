"""What the worker does: reminders of the day before, and the members of cancelled sessions.

One reminder for each appointment, none for what was moved or cancelled.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import select

from civicportal.api import SYSTEM, Case, Identity, Job, ReminderService, Site, Work, wants
from civicportal_meetings.models import Appointment
from civicportal_meetings.names import KIND
from civicportal_meetings.services.sessions import PublicDayService

EVERY = timedelta(minutes=10)
AT_ONCE = 50
"""Reminders in one transaction."""
ONE_DAY = timedelta(days=1)


def jobs() -> Sequence[Job]:
    """Return what the worker does again and again."""
    return (
        Job(name="meetings.reminders", every=EVERY, run=remind),
        Job(name="meetings.recall", every=EVERY, run=recall_members),
    )


def recall_members(site: Site, actor: Identity = SYSTEM, session_id: int | None = None) -> None:
    """Take back the times of cancelled sessions, each in a transaction of its own.

    Whoever cancels a session does so at once; the worker finishes what was interrupted.

    :param session_id: of this session only.
    """
    with site.work(write=False) as work:
        ids = work.get(PublicDayService).to_recall(session_id)
    for case_id in ids:
        with site.work(actor=actor) as work:
            work.get(PublicDayService).recall(case_id)


def remind(site: Site) -> None:
    """Promise the reminders that are due, a few at a time."""
    while True:
        with site.work() as work:
            if work.get(Reminders).remind(AT_ONCE) < AT_ONCE:
                return


class Reminders:
    """Reminds citizens of tomorrow's meeting."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.session = work.session
        self.calendar = work.site.calendar

    def remind(self, most: int) -> int:
        """Promise the reminders of tomorrow's meetings, from the hour that the site names.

        Who was told of the time after that hour needs none.

        :returns: how many appointments were looked at.
        """
        now = self.work.clock.now()
        due = self._hour(now)
        if now < due:
            return 0
        rows = self._due(due, most)
        for appointment, case in rows:
            appointment.reminded_at = now
            self.work.get(ReminderService).remind(
                case,
                "meetings.reminder",
                moment=appointment.start,
                once=f"meetings.reminder:{appointment.id}",
                expires_at=appointment.start,
            )
        return len(rows)

    def _hour(self, now: datetime) -> datetime:
        clock = time.fromisoformat(self.work.site.plugin_settings[KIND]["reminder_time"])
        return self.calendar.at(self.calendar.today(now), clock)

    def _due(self, due: datetime, most: int) -> list[tuple[Appointment, Case]]:
        first, last = self.calendar.day_bounds(self.calendar.today(due) + ONE_DAY)
        query = (
            select(Appointment, Case)
            .join(Case, Case.id == Appointment.case_id)
            .where(
                Appointment.start >= first,
                Appointment.start < last,
                Appointment.ended_at.is_(None),
                Appointment.reminded_at.is_(None),
                Appointment.made_at < due,
                Case.status == "scheduled",
                wants("reminders", Case.citizen_id),
            )
            .order_by(Appointment.id)
            .limit(most)
            .with_for_update(of=Appointment, skip_locked=True)
        )
        return [(appointment, case) for appointment, case in self.session.execute(query)]
