"""Dates in the Jalali and the Gregorian calendar: conversion, parsing, annual holidays."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from persiantools.jdatetime import JalaliDate
from translationstring import TranslationString

from civicportal.util.i18n import InvalidInput, _
from civicportal.util.persian import compact

CalendarKind = Literal["jalali", "gregorian"]
"""Calendar of a site."""
YearMonthDay = tuple[int, int, int]
"""Date of a calendar: year, month, day."""

_TYPED_DATE = re.compile(r"([0-9]{4})([/.-])([0-9]{1,2})\2([0-9]{1,2})")
#: A date as it is typed.
EXAMPLES: dict[CalendarKind, str] = {"jalali": "۱۴۰۵/۰۹/۰۳", "gregorian": "2026/11/24"}
#: Realistic Jalali years are below it, Gregorian ones above.
_LAST_JALALI_YEAR = 1699
#: Far enough from the ends of both calendars that neighbouring days exist in both.
_FIRST_JALALI_YEAR, _LAST_GREGORIAN_YEAR = 1000, 2399
_FIRST_GREGORIAN_YEAR = 1622
"""Year in which the first Jalali one is over."""


class InvalidDate(InvalidInput):
    """A typed date is invalid in this calendar."""


def to_calendar(kind: CalendarKind, day: date) -> YearMonthDay:
    """Return year, month (1-12) and day in the calendar."""
    if kind == "gregorian":
        return day.year, day.month, day.day
    jalali = JalaliDate.to_jalali(day)
    return jalali.year, jalali.month, jalali.day


def from_calendar(kind: CalendarKind, year: int, month: int, day: int) -> date:
    """Return the date of a calendar's year, month and day.

    :raises ValueError: when the calendar has no such date.
    """
    if kind == "gregorian":
        return date(year, month, day)
    gregorian: date = JalaliDate(year, month, day).to_gregorian()
    return gregorian


def has_neighbours(day: date) -> bool:
    """Return whether a date is so far from the ends of both calendars that there are days and times around it."""
    return _FIRST_GREGORIAN_YEAR <= day.year <= _LAST_GREGORIAN_YEAR


def parse_date(kind: CalendarKind, text: str) -> date:
    """Parse a typed date, year first.

    :raises InvalidDate: when it is invalid, or evidently of the other calendar.
    """
    match = _TYPED_DATE.fullmatch(compact(text))
    if match is None:
        raise InvalidDate(_("Enter the date as in ${example}.", mapping={"example": EXAMPLES[kind]}))
    year, month, day = (int(number) for number in match.group(1, 3, 4))
    if kind == "jalali" and year > _LAST_JALALI_YEAR:
        raise InvalidDate(_("Enter the date in the Solar Hijri calendar."))
    if kind == "gregorian" and year <= _LAST_JALALI_YEAR:
        raise InvalidDate(_("Enter the date in the Gregorian calendar."))
    if not _FIRST_JALALI_YEAR <= year <= _LAST_GREGORIAN_YEAR:
        raise InvalidDate(_("The calendar has no such day."))
    try:
        return from_calendar(kind, year, month, day)
    except ValueError:
        raise InvalidDate(_("The calendar has no such day.")) from None


@dataclass(frozen=True)
class YearlyHolidays:
    """Holidays on the same day of a calendar every year.

    :param kind: their calendar, which need not be the one the city uses.
    :param days: pairs of month and day of the month; one that a year lacks (30 Esfand) is skipped in that year.
    :param titles: names of the days, if known.
    """

    kind: CalendarKind
    days: frozenset[tuple[int, int]] = frozenset()
    titles: Mapping[tuple[int, int], TranslationString] = field(default_factory=dict, compare=False)

    def __contains__(self, day: date) -> bool:
        return to_calendar(self.kind, day)[1:] in self.days

    def title(self, day: date) -> TranslationString | str:
        """Return the name of a day; empty if unknown."""
        return self.titles.get(to_calendar(self.kind, day)[1:], "")


NO_HOLIDAYS = YearlyHolidays("gregorian")
"""For countries without annual holidays."""
