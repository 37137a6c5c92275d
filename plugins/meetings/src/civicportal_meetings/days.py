"""Weekdays and parts of the day as citizens choose them, and as pages name them."""

from collections.abc import Iterable
from datetime import time

from translationstring import TranslationString

from civicportal.api import CityCalendar, _

#: By the names that ``[calendar] weekend`` uses, in the order of :meth:`datetime.date.weekday`.
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
#: From here on it is around noon.
NOON = time(11)
_SATURDAY = 5


def in_part(clock: time, part: str) -> bool:
    """Return whether a time of the day lies in the part that suits a citizen; "" and "any" are the whole day."""
    return {"morning": clock < NOON, "noon": clock >= NOON}.get(part, True)


def office_days(calendar: CityCalendar) -> list[tuple[str, TranslationString]]:
    """Return the weekdays on which the office opens, the first of the city's week first."""
    names = list(WEEKDAYS)
    first = _SATURDAY if calendar.kind == "jalali" else 0
    order = [(first + number) % 7 for number in range(7)]
    return [(names[day], WEEKDAYS[names[day]]) for day in order if day not in calendar.weekend]


def titles(days: Iterable[str], part: str) -> list[TranslationString]:
    """Return the names of what suits a citizen, weekdays first."""
    chosen = [WEEKDAYS[day] for day in days if day in WEEKDAYS]
    return [*chosen, PARTS[part]] if part in PARTS else chosen
