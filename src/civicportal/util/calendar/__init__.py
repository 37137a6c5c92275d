"""The city's calendar: Jalali or Gregorian dates, their formats, and working time.

Storage and services know aware UTC moments only; this package stands at the edge, where people read and type dates,
and wherever office hours count.
"""

from civicportal.util.calendar.dates import (
    NO_HOLIDAYS,
    CalendarKind,
    InvalidDate,
    YearlyHolidays,
)
from civicportal.util.calendar.formats import DateStyle
from civicportal.util.calendar.worktime import CityCalendar

__all__ = ["NO_HOLIDAYS", "CalendarKind", "CityCalendar", "DateStyle", "InvalidDate", "YearlyHolidays"]
