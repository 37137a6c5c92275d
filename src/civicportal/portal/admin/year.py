"""A year of the city's calendar as twelve months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from civicportal.util.calendar import CityCalendar

Sort = Literal["", "weekend", "half", "holiday", "closure"]


@dataclass(frozen=True, kw_only=True)
class CalendarDay:
    """A day of a month.

    :ivar number: in its month.
    :ivar sort: why it is not a full office day; empty if it is one.
    :ivar title: of a holiday or closure.
    """

    number: int
    sort: Sort
    title: str
    today: bool


@dataclass(frozen=True, kw_only=True)
class CalendarMonth:
    """A month as weeks of seven cells, empty before its first and after its last day."""

    title: str
    weeks: Sequence[Sequence[CalendarDay | None]]


def months(
    calendar: CityCalendar,
    year: int,
    *,
    holidays: Mapping[date, str],
    closures: Mapping[date, str],
    today: date,
    week: Sequence[int],
    locale: str,
) -> list[CalendarMonth]:
    """Return the months of a year.

    :param week: the weekdays in order, in Python's numbering.
    """

    def day(moment: date) -> CalendarDay:
        sort, title = _sort(calendar, moment, holidays, closures)
        return CalendarDay(
            number=calendar.year_month_day(moment)[2], sort=sort, title=title, today=moment == today
        )

    found = []
    for month in range(1, 13):
        first = calendar.day(year, month, 1)
        end = calendar.day(year + month // 12, month % 12 + 1, 1)
        cells: list[CalendarDay | None] = [None] * week.index(first.weekday())
        cells += [day(first + timedelta(days=n)) for n in range((end - first).days)]
        cells += [None] * (-len(cells) % 7)
        title = calendar.format_date(first, "month", locale)
        weeks = [cells[n : n + 7] for n in range(0, len(cells), 7)]
        found.append(CalendarMonth(title=title, weeks=weeks))
    return found


def _sort(
    calendar: CityCalendar, day: date, holidays: Mapping[date, str], closures: Mapping[date, str]
) -> tuple[Sort, str]:
    if day in closures:
        return "closure", closures[day]
    if day in holidays:
        return "holiday", holidays[day]
    if day.weekday() in calendar.weekend:
        return "weekend", ""
    return ("half", "") if day.weekday() in calendar.half_days else ("", "")
