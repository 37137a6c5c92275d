"""Remaining time of a deadline as text and colour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from translationstring import TranslationString

from civicportal.core.db import NEVER
from civicportal.domain.cases.models import Case
from civicportal.util.calendar import CityCalendar
from civicportal.util.i18n import _

HALF, FOUR_FIFTHS = 0.5, 0.8
#: Units in minutes, longest first.
LENGTHS = {"days": 24 * 60, "hours": 60}
LEFT = {
    "days": _("${n} days left"),
    "hours": _("${n} hours left"),
    "minutes": _("${n} minutes left"),
}
OVER = {
    "days": _("${n} days overdue"),
    "hours": _("${n} hours overdue"),
    "minutes": _("${n} minutes overdue"),
}


@dataclass(frozen=True, kw_only=True)
class Due:
    """A deadline for display.

    :ivar state: "" before half of the working time has passed, then "half", "soon" (four fifths) and "late".
    """

    text: TranslationString
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
        return Due(text=_in_words(OVER, now - deadline), state="late")
    share = calendar.share_used(start, deadline, now)
    state = "soon" if share >= FOUR_FIFTHS else "half" if share >= HALF else ""
    return Due(text=_in_words(LEFT, deadline - now), state=state)


def _in_words(words: dict[str, TranslationString], time: timedelta) -> TranslationString:
    minutes = int(time.total_seconds() // 60)
    unit, length = next(
        ((unit, length) for unit, length in LENGTHS.items() if minutes >= length), ("minutes", 1)
    )
    return words[unit] % {"n": str(minutes // length)}
