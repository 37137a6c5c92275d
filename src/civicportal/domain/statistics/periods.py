"""Periods, compared periods, and steps of a trend."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from translationstring import TranslationString

from civicportal.util.calendar import CityCalendar
from civicportal.util.calendar.months import month_after, month_of
from civicportal.util.i18n import _

_DAY = timedelta(days=1)
Step = Literal["day", "week", "month"]

STEPS: dict[Step, TranslationString] = {"day": _("By day"), "week": _("By week"), "month": _("By month")}
_MOST_BY_DAY, _MOST_BY_WEEK = 45, 200
"""Maximum days of a trend by day or by week."""
MOST_STEPS: dict[Step, int] = {"day": 100, "week": 700, "month": 10**6}
"""Maximum days for which a finer step can be requested."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A range of days, inclusive; None leaves an end open.

    :ivar compared: the previous period, if it is not as many days right before.
    """

    first: date | None = None
    last: date | None = None
    compared: "Span | None" = None

    @property
    def days(self) -> int | None:
        """Return the number of days, None if an end is open."""
        return (self.last - self.first).days + 1 if self.first and self.last else None

    def holds(self, day: date) -> bool:
        """Return whether a day is within it."""
        return not (self.first and day < self.first) and not (self.last and day > self.last)

    @property
    def before(self) -> "Span | None":
        """Return the compared period, by default the same length right before it.

        It is None if an end is open.
        """
        if self.compared:
            return self.compared
        if self.first is None or self.days is None or self.days < 1:
            return None
        return Span(first=self.first - self.days * _DAY, last=self.first - _DAY)


def whole_months(span: Span, calendar: CityCalendar) -> tuple[Span | None, list[Span]]:
    """Split a period into whole months and remaining days.

    :returns: the months, None if there are none; and the days.
    """
    first = span.first
    if first and first != month_of(first, calendar):
        first = month_after(first, calendar)
    end = month_of(span.last + _DAY, calendar) if span.last else None
    if first and end and first >= end:
        return None, [span]
    before = [Span(first=span.first, last=first - _DAY)] if first and first != span.first else []
    behind = [Span(first=end, last=span.last)] if end and span.last and end <= span.last else []
    return Span(first=first, last=end and end - _DAY), [*before, *behind]


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """One step of a trend, inclusive."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Return its days."""
        return [self.first + number * _DAY for number in range((self.last - self.first).days + 1)]


def so_many_months_later(day: date, months: int, calendar: CityCalendar) -> date:
    """Return the same day a number of months later, or earlier for a negative number.

    In a shorter month it is the last day.
    """
    year, month, number = calendar.year_month_day(day)
    years, rest = divmod(year * 12 + month - 1 + months, 12)
    first = calendar.day(years, rest + 1, 1)
    return min(first + (number - 1) * _DAY, month_after(first, calendar) - _DAY)


def week_of(day: date, calendar: CityCalendar) -> date:
    """Return the first day of a day's week in the city."""
    return day - calendar.week.index(day.weekday()) * _DAY


def weekdays(calendar: CityCalendar) -> list[int]:
    """Return the weekdays (Monday 0) in the order of the city's week."""
    return list(calendar.week)


def step_of(wish: str | None, days: int) -> Step:
    """Return the step of a trend.

    It is the requested one if valid, else it depends on the number of days.
    """
    for step, most in MOST_STEPS.items():
        if wish == step and days <= most:
            return step
    return "day" if days <= _MOST_BY_DAY else "week" if days <= _MOST_BY_WEEK else "month"


def buckets(first: date, last: date, step: Step, calendar: CityCalendar) -> list[Bucket]:
    """Split a period into steps.

    The first and the last may be shorter.
    """
    found, day = [], first
    while day <= last:
        end = min(last, _end_of(day, step, calendar))
        found.append(Bucket(first=day, last=end))
        day = end + _DAY
    return found


def _end_of(day: date, step: Step, calendar: CityCalendar) -> date:
    if step == "day":
        return day
    if step == "week":
        return week_of(day, calendar) + 6 * _DAY
    return month_after(day, calendar) - _DAY


def title(bucket: Bucket, step: Step, calendar: CityCalendar, locale: str) -> str:
    """Return the name of a step.

    It is the day, the first day of the week, or the month.
    """
    return calendar.format_date(bucket.first, "month" if step == "month" else "day_month", locale)
