"""Office hours: working days, working time between times, deadlines and their colours."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Self

from civicportal.util.calendar.dates import NO_HOLIDAYS, YearlyHolidays
from civicportal.util.calendar.local import LocalDates

_ZERO = timedelta()
_DAY = timedelta(days=1)
#: A deadline more than ten years ahead stands for "none".
_HORIZON = timedelta(days=3650)


@dataclass(frozen=True, kw_only=True)
class CityCalendar(LocalDates):
    """The city's dates, and the hours in which its offices work.

    :param weekend: days off, in Python's numbering (Monday 0).
    :param hours: local opening and closing time of a full office day.
    :param half_days: weekdays on which the office closes early.
    :param half_day_end: closing time of a half day; by default the middle of the office hours.
    :param fixed_holidays: the country's annual holidays.
    :param holidays: other days off: moving holidays, closures by decree.
    :raises ValueError: when the week has no office hours.
    """

    #: For the country of a plugin.
    Holidays = YearlyHolidays

    weekend: frozenset[int]
    hours: tuple[time, time]
    half_days: frozenset[int] = frozenset()
    half_day_end: time | None = None
    fixed_holidays: YearlyHolidays = NO_HOLIDAYS
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        opens, closes = self.hours
        if opens >= closes:
            raise ValueError("the office must open before it closes")
        if self.half_day_end is not None and not opens < self.half_day_end <= closes:
            raise ValueError("a half day must end within the office hours")
        if self.weekend.issuperset(range(7)):
            raise ValueError("at least one weekday must be a working day")

    @staticmethod
    def parse_hours(text: str) -> tuple[time, time]:
        """Parse office hours such as ``07:30-14:30``.

        :raises ValueError: when they are invalid.
        """
        start, dash, end = text.partition("-")
        if not dash:
            raise ValueError(text)
        return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())

    def with_holidays(self, days: Iterable[date]) -> Self:
        """Return a copy with these additional days off."""
        return replace(self, holidays=self.holidays.union(days))

    @property
    def week(self) -> tuple[int, ...]:
        """Return the weekdays in the city's order.

        Monday is 0; the week begins after the weekend.
        """
        begins = (day for day in range(7) if day not in self.weekend and (day - 1) % 7 in self.weekend)
        first = next(begins, 0)
        return tuple((first + number) % 7 for number in range(7))

    @property
    def full_day(self) -> timedelta:
        """The working time of a full office day."""
        opens, closes = self.hours
        return datetime.combine(date.min, closes) - datetime.combine(date.min, opens)

    def is_working_day(self, day: date) -> bool:
        """Return whether the office opens on a date, at least for a half day."""
        return (
            day.weekday() not in self.weekend and day not in self.holidays and day not in self.fixed_holidays
        )

    def office_hours(self, day: date) -> tuple[datetime, datetime] | None:
        """Return opening and closing time of a date in UTC, None on a day off."""
        if not self.is_working_day(day):
            return None
        opens, closes = self.hours
        if day.weekday() in self.half_days:
            closes = self.half_day_end or self._middle()
        return self.at(day, opens), self.at(day, closes)

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the office hours between two times, zero when the end is not after the start."""
        day, last = self.today(start), self.today(end)
        total = _ZERO
        while day <= last:
            if hours := self.office_hours(day):
                total += max(_ZERO, min(end, hours[1]) - max(start, hours[0]))
            day += _DAY
        return total

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """Return the end of a working time, in UTC.

        A working time that ends exactly at closing time ends there, not at the next opening.

        :raises ValueError: when the duration is negative.
        """
        if duration < _ZERO:
            raise ValueError(f"negative working time: {duration}")
        if not duration:
            return start.astimezone(UTC)
        first, left = self.today(start), duration
        for offset in count():
            hours = self.office_hours(first + offset * _DAY)
            if hours is None:
                continue
            begins = max(start, hours[0])
            available = max(_ZERO, hours[1] - begins)
            if left <= available:
                return (begins + left).astimezone(UTC)
            left -= available
        raise AssertionError("the days do not end")

    def subtract_working_time(self, end: datetime, duration: timedelta) -> datetime:
        """Return the latest start, in UTC, from which a working time has passed at a time.

        So ``add_working_time(start, duration) <= end`` for it and every earlier start, and for no later one.

        :raises ValueError: when the duration is negative.
        """
        if duration < _ZERO:
            raise ValueError(f"negative working time: {duration}")
        if not duration:
            return end.astimezone(UTC)
        last, left = self.today(end), duration
        for offset in count():
            hours = self.office_hours(last - offset * _DAY)
            if hours is None:
                continue
            ends = min(end, hours[1])
            available = max(_ZERO, ends - hours[0])
            if left <= available:
                return (ends - left).astimezone(UTC)
            left -= available
        raise AssertionError("the days do not end")

    def add_working_days(self, start: datetime, days: float) -> datetime:
        """Return the deadline after full office days, in UTC.

        A half day counts with its shorter hours.

        :raises ValueError: when the number is negative.
        """
        return self.add_working_time(start, self.full_day * days)

    def share_used(self, opened: datetime, deadline: datetime, now: datetime) -> float:
        """Return the used share of a working time from 0 to 1, for the colour of a case.

        It is 1 when the deadline has passed or no office hours are left before it, and 0 for the distant date that
        stands for no deadline.
        """
        if now >= deadline:
            return 1.0
        if deadline - opened > _HORIZON:
            return 0.0
        total = self.working_time_between(opened, deadline)
        left = self.working_time_between(max(opened, now), deadline)
        return 1 - left / total if total else 1.0

    def _middle(self) -> time:
        return (datetime.combine(date.min, self.hours[0]) + self.full_day / 2).time()
