"""A month with its free days, for a date picker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from civicportal.api.database import Work
from civicportal.api.organization import OrganizationService
from civicportal_meetings.services.diary import DiaryService
from civicportal_meetings.week import week_of

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class MonthDay:
    """A day of the month.

    :ivar open: in the future, and a working day.
    :ivar free: with room for a meeting of the requested length.
    """

    day: date
    number: int
    open: bool
    free: bool


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month for display.

    :ivar blanks: empty cells before its first day.
    :ivar weekdays: any dates with the names of the columns.
    """

    first: date
    blanks: int
    days: Sequence[MonthDay]
    weekdays: Sequence[date]
    before: date
    after: date


def month_of(day: date, work: Work, minutes: int) -> Month:
    """Return the month of a date.

    :param minutes: length of the meeting.
    """
    calendar = work.get(OrganizationService).calendar
    year, month, _day = calendar.year_month_day(day)
    first = calendar.day(year, month, 1)
    after = calendar.day(year + month // 12, month % 12 + 1, 1)
    begins = week_of(first, calendar)
    free = work.get(DiaryService).free_days(first, after - ONE_DAY, minutes)
    today = calendar.today(work.clock.now())
    return Month(
        first=first,
        blanks=(first - begins).days,
        days=[
            MonthDay(
                day=one,
                number=calendar.year_month_day(one)[2],
                open=one >= today and calendar.is_working_day(one),
                free=one in free,
            )
            for one in (first + number * ONE_DAY for number in range((after - first).days))
        ],
        weekdays=[begins + number * ONE_DAY for number in range(7)],
        before=first - ONE_DAY,
        after=after,
    )
