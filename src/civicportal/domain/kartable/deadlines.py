"""Remaining time of a deadline as text and colour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from translationstring import TranslationString

from civicportal.core.db import NEVER
from civicportal.domain.cases.models import Case
from civicportal.util.calendar import CityCalendar
from civicportal.util.i18n import Plural, _, ngettext

HALF, FOUR_FIFTHS = 0.5, 0.8
DAY, HOUR = 24 * 60, 60
"""Minutes."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A deadline for display.

    :ivar state: "" before half of the working time has passed, then "half", "soon" (four fifths) and "late".
    """

    text: TranslationString | Plural
    state: str = ""

    @property
    def is_late(self) -> bool:
        """Return whether the deadline has passed."""
        return self.state == "late"


def due(case: Case, now: datetime, calendar: CityCalendar) -> Due | None:
    """Return the remaining time of a case.

    It is None for a closed one and for one without a deadline.
    """
    if not case.is_open or case.deadline == NEVER:
        return None
    if case.paused_at is not None:
        return Due(text=_("The deadline rests"))
    return due_at(case.deadline, case.deadline_from or case.created_at, now, calendar)


def due_at(deadline: datetime, start: datetime, now: datetime, calendar: CityCalendar) -> Due:
    """Return the remaining time until a deadline that runs since a time."""
    if now >= deadline:
        return Due(text=_overdue(now - deadline), state="late")
    share = calendar.share_used(start, deadline, now)
    state = "soon" if share >= FOUR_FIFTHS else "half" if share >= HALF else ""
    return Due(text=_left(deadline - now), state=state)


def _left(time: timedelta) -> Plural:
    minutes = int(time.total_seconds() // 60)
    if minutes >= DAY:
        return ngettext("${n} day left", "${n} days left", minutes // DAY)
    if minutes >= HOUR:
        return ngettext("${n} hour left", "${n} hours left", minutes // HOUR)
    return ngettext("${n} minute left", "${n} minutes left", minutes)


def _overdue(time: timedelta) -> Plural:
    minutes = int(time.total_seconds() // 60)
    if minutes >= DAY:
        return ngettext("${n} day overdue", "${n} days overdue", minutes // DAY)
    if minutes >= HOUR:
        return ngettext("${n} hour overdue", "${n} hours overdue", minutes // HOUR)
    return ngettext("${n} minute overdue", "${n} minutes overdue", minutes)
