"""Months of the city's calendar."""

from datetime import date

from civicportal.util.calendar.worktime import CityCalendar


def month_of(day: date, calendar: CityCalendar) -> date:
    """Return the first day of the month of a day."""
    year, month, _day = calendar.year_month_day(day)
    return calendar.day(year, month, 1)


def month_after(day: date, calendar: CityCalendar) -> date:
    """Return the first day of the next month."""
    year, month, _day = calendar.year_month_day(day)
    return calendar.day(*((year, month + 1, 1) if month < 12 else (year + 1, 1, 1)))
