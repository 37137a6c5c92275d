"""Dates and times as other systems write them."""

import re
from datetime import date, datetime, time

from civicportal.util.calendar.dates import CalendarKind, from_calendar
from civicportal.util.calendar.local import LocalDates
from civicportal.util.i18n import InvalidInput, _, latin_digits
from civicportal.util.persian import store

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_DATE = re.compile(r"(\d{1,4})([/\-.])(\d{1,2})\2(\d{1,4})")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?")
_YEARS = {"jalali": range(1300, 1500), "gregorian": range(1921, 2122)}
"""Years of registrations; they also say which calendar is meant."""


class InvalidMoment(InvalidInput):
    """The text is no date."""


def parse_moment(text: str, *, order: str, calendar: LocalDates) -> datetime:
    """Return the moment of a date with or without a time of day.

    The year says which calendar is meant; a year of two digits is one of the city's calendar. A date without a time is
    its noon: a closing at midnight would be before a registration on the same morning.

    :param order: of the parts of a date, see :class:`~civicportal.portal.importing.mapping.ImportMapping`.
    :raises InvalidMoment: when it is no date.
    """
    text = latin_digits(store(text)).replace("،", " ").strip()
    if _ISO.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _no_date() from None
        if moment.year not in _YEARS["gregorian"]:
            # Such as 0001-01-01, which programs write for no date.
            raise _no_date()
        return moment.astimezone(calendar.timezone)
    first, clock = _split(text)
    day = _day(first, order, calendar)
    return calendar.at(day, clock)


def _split(text: str) -> tuple[str, time]:
    """Return the date of a text, and its time of day."""
    clock, days = time(12), list[str]()
    for part in text.replace("T", " ").split():
        if found := _TIME.fullmatch(part):
            try:
                hour, minute, second = (int(number or 0) for number in found.groups())
                clock = time(hour, minute, second)
            except ValueError:
                raise _no_date() from None
        elif part not in ("ساعت", "-"):
            days.append(part)
    if len(days) != 1:
        raise _no_date()
    return days[0], clock


def _day(text: str, order: str, calendar: LocalDates) -> date:
    if found := _COMPACT.fullmatch(text):
        parts = dict(zip("ymd", found.groups(), strict=True))
    elif found := _DATE.fullmatch(text):
        first, _sign, *others = found.groups()
        written = order if len(first) < 4 or order != "dmy" else "ymd"
        parts = dict(zip(written, (first, *others), strict=True))
    else:
        raise _no_date()
    year, month, day = (int(parts[name]) for name in "ymd")
    if len(parts["y"]) == 2:
        century = (1300, 1400) if calendar.kind == "jalali" else (1900, 2000)
        year += century[0] if year >= 50 else century[1]
    kind: CalendarKind = "jalali" if year in _YEARS["jalali"] else "gregorian"
    if year not in _YEARS[kind]:
        raise _no_date()
    try:
        return from_calendar(kind, year, month, day)
    except ValueError:
        raise _no_date() from None


def _no_date() -> InvalidMoment:
    return InvalidMoment(_("This is no date."))
