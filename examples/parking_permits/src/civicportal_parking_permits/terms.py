"""Terms of permits, in months of the city's calendar."""

from datetime import date, timedelta

from civicportal.api.localization import CityCalendar

MONTHS = (3, 6, 12)
"""For so many months permits can be had."""


def last_day_of(calendar: CityCalendar, first: date, months: int) -> date:
    """Return the last day of a number of whole months: one month from 15 March ends on 14 April.

    :param first: the first day.
    """
    year, month, day = calendar.year_month_day(first)
    years, month = divmod(month - 1 + months, 12)
    return _day_or_before(calendar, year + years, month + 1, day) - timedelta(days=1)


def _day_or_before(calendar: CityCalendar, year: int, month: int, day: int) -> date:
    """Return a day of a month, or the month's last day if it has no such day."""
    try:
        return calendar.day(year, month, day)
    except ValueError:
        return _day_or_before(calendar, year, month, day - 1)
