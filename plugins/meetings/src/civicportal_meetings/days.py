"""Weekdays and parts of the day, as options and for display."""

from collections.abc import Iterable
from datetime import time

from translationstring import TranslationString

from civicportal.api.localization import CityCalendar
from civicportal_meetings.i18n import _

#: Names used by ``[calendar] weekend``, in the order of :meth:`datetime.date.weekday`.
WEEKDAYS: dict[str, TranslationString] = {
    "mon": _("Monday"),
    "tue": _("Tuesday"),
    "wed": _("Wednesday"),
    "thu": _("Thursday"),
    "fri": _("Friday"),
    "sat": _("Saturday"),
    "sun": _("Sunday"),
}
ANY = "any"
PARTS: dict[str, TranslationString] = {
    ANY: _("Any time"),
    "morning": _("In the morning"),
    "noon": _("Around noon"),
}
#: Start of "around noon".
NOON = time(11)
_SATURDAY = 5


def in_part(clock: time, part: str) -> bool:
    """Return whether a time is within a part of the day; "" and "any" are the whole day."""
    return {"morning": clock < NOON, "noon": clock >= NOON}.get(part, True)


def office_days(calendar: CityCalendar) -> list[tuple[str, TranslationString]]:
    """Return the office's working weekdays, in the order of the city's week."""
    names = list(WEEKDAYS)
    first = _SATURDAY if calendar.kind == "jalali" else 0
    order = [(first + number) % 7 for number in range(7)]
    return [(names[day], WEEKDAYS[names[day]]) for day in order if day not in calendar.weekend]


def titles(days: Iterable[str], part: str) -> list[TranslationString]:
    """Return the display names of preferred days and times, weekdays first."""
    chosen = [WEEKDAYS[day] for day in days if day in WEEKDAYS]
    return [*chosen, PARTS[part]] if part in PARTS else chosen
