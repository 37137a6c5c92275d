"""Named periods of statistics: the last thirty days, a week, month or year of the city's calendar."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from translationstring import TranslationString

from civicportal.domain.statistics.periods import Span, so_many_months_later, week_of
from civicportal.util.calendar import CityCalendar
from civicportal.util.calendar.dates import InvalidDate
from civicportal.util.calendar.months import month_of
from civicportal.util.i18n import _, localized_digits

_DAY = timedelta(days=1)
DEFAULT = "recent"
RECENT_DAYS = 30
PERIODS = {
    "recent": _("Last 30 days"),
    "week": _("This week"),
    "month": _("This month"),
    "season": _("This season"),
    "year": _("This year"),
    "all": _("All the time"),
}
_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A month or a year of the city's calendar, in URLs ``1405-08`` or ``1405``."""

    year: int
    month: int | None = None

    def __str__(self) -> str:
        return f"{self.year:04}" if self.month is None else f"{self.year:04}-{self.month:02}"

    @classmethod
    def read(cls, text: str, calendar: CityCalendar) -> Self | None:
        """Parse a month or year of a URL.

        :returns: None if it is neither.
        """
        found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2}))?", text)
        if not found:
            return None
        named = cls(year=int(found[1]), month=int(found[2]) if found[2] else None)
        return named if named.exists(calendar) and named.beside(1).exists(calendar) else None

    @classmethod
    def now(cls, period: str, calendar: CityCalendar, today: date) -> Self | None:
        """Return the current month or year, or parse one."""
        year, month, _day = calendar.year_month_day(today)
        if period in ("month", "year"):
            return cls(year=year, month=month if period == "month" else None)
        return cls.read(period, calendar)

    @property
    def months(self) -> int:
        """Return its number of months."""
        return 12 if self.month is None else 1

    def first(self, calendar: CityCalendar) -> date:
        """Return its first day; ``ValueError`` if it does not exist."""
        return calendar.day(self.year, self._first_month, 1)

    def exists(self, calendar: CityCalendar) -> bool:
        """Return whether its first day is valid in URLs."""
        try:
            calendar.parse_date(f"{self.year:04}/{self._first_month:02}/01")
        except InvalidDate:
            return False
        return True

    @property
    def _first_month(self) -> int:
        return 1 if self.month is None else self.month

    def beside(self, number: int) -> "Whole":
        """Return the month or year that is a number of steps later."""
        if self.month is None:
            return Whole(year=self.year + number)
        years, rest = divmod(self.year * 12 + self.month - 1 + number, 12)
        return Whole(year=years, month=rest + 1)

    def name(self, calendar: CityCalendar, locale: str) -> str:
        """Return its name for display."""
        if self.month is None:
            return localized_digits(str(self.year), locale)
        return calendar.format_date(self.first(calendar), "month", locale)


def span_of(
    period: str | None, first: date | None, last: date | None, calendar: CityCalendar, today: date
) -> Span:
    """Return the days of a period.

    A period that has not ended ends today, and is compared with the same days of the previous week, month, season or
    year; explicit days are compared with as many before them.

    :param period: one of :data:`PERIODS`, or a month or a year; explicit days take precedence.
    """
    if first or last:
        ahead = first is not None and first > today
        return Span(first=first, last=last if ahead else min(last or today, today))
    if period == "all":
        return Span()
    if period == "week":
        begun = week_of(today, calendar)
        before = Span(first=begun - _WEEK * _DAY, last=today - _WEEK * _DAY)
        return Span(first=begun, last=today, compared=before)
    if period == "season":
        _year, month, _day = calendar.year_month_day(today)
        begun = so_many_months_later(month_of(today, calendar), -((month - 1) % 3), calendar)
        return _of_months(begun, 3, calendar, today)
    whole = Whole.now(period or DEFAULT, calendar, today)
    if whole:
        return _of_months(whole.first(calendar), whole.months, calendar, today)
    return Span(first=today - (RECENT_DAYS - 1) * _DAY, last=today)


def _of_months(first: date, months: int, calendar: CityCalendar, today: date) -> Span:
    end = so_many_months_later(first, months, calendar) - _DAY
    last = today if first <= today < end else end
    until = first - _DAY if last == end else so_many_months_later(last, -months, calendar)
    before = Span(first=so_many_months_later(first, -months, calendar), last=until)
    return Span(first=first, last=last, compared=before)


@dataclass(frozen=True, kw_only=True)
class NeighbouringPeriods:
    """Months and years offered for navigation.

    :ivar shown: the month or year that is shown; None for other days.
    :ivar earlier: the previous one, else the previous month; None if the calendar has none.
    :ivar later: the next one, None if it has not begun.
    :ivar months: the latest two dozen.
    :ivar years: this one and some before it.
    """

    shown: Whole | None
    earlier: Whole | None
    later: Whole | None
    months: list[Whole]
    years: list[Whole]


def around(period: str | None, calendar: CityCalendar, today: date) -> NeighbouringPeriods:
    """Return the months and years around a period.

    :param period: as for :func:`span_of`; None for explicit days.
    """
    year, month, _day = calendar.year_month_day(today)
    this_month, this_year = Whole(year=year, month=month), Whole(year=year)
    shown = Whole.now(period or "", calendar, today)
    base = shown or this_month
    before, after = base.beside(-1), base.beside(1)
    return NeighbouringPeriods(
        shown=shown,
        earlier=before if before.exists(calendar) else None,
        later=after if shown and after.first(calendar) <= today else None,
        months=[this_month.beside(-number) for number in range(24)],
        years=[this_year.beside(-number) for number in range(5)],
    )


def period_words(period: str, calendar: CityCalendar, locale: str) -> TranslationString | str:
    """Return the display name of a period."""
    whole = Whole.read(period, calendar)
    return whole.name(calendar, locale) if whole else PERIODS.get(period, period)
