"""Working time between many pairs of times, with sums precomputed by day."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

from civicportal.util.calendar.worktime import CityCalendar

_ZERO = timedelta()
_DAY = timedelta(days=1)


class ElapsedTime:
    """Working time between two times, computed from sums over days.

    It equals :meth:`~civicportal.util.calendar.worktime.CityCalendar.working_time_between`.

    :param first: the earliest time needed.
    :param last: the latest time needed.
    """

    def __init__(self, calendar: CityCalendar, first: datetime, last: datetime) -> None:
        self._opens: list[datetime] = []
        self._closes: list[datetime] = []
        self._before: list[timedelta] = []
        total, day, end = _ZERO, calendar.today(first), calendar.today(last)
        while day <= end:
            if hours := calendar.office_hours(day):
                self._opens.append(hours[0])
                self._closes.append(hours[1])
                self._before.append(total)
                total += hours[1] - hours[0]
            day += _DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the office hours between two times, zero when the end is not after the start."""
        return max(_ZERO, self._until(end) - self._until(start))

    def _until(self, moment: datetime) -> timedelta:
        index = bisect_right(self._opens, moment.astimezone(UTC)) - 1
        if index < 0:
            return _ZERO
        return self._before[index] + min(moment, self._closes[index]) - self._opens[index]
