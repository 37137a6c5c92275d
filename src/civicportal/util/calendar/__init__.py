"""The city's calendar: Jalali or Gregorian dates, their formats, and working time.

Storage and services use aware UTC times only; this package is for input and output of dates,
and for office hours.
"""

from civicportal.util.calendar.dates import NO_HOLIDAYS, CalendarKind, InvalidDate, YearlyHolidays
from civicportal.util.calendar.formats import DateStyle
from civicportal.util.calendar.worktime import CityCalendar

__all__ = ["NO_HOLIDAYS", "CalendarKind", "CityCalendar", "DateStyle", "InvalidDate", "YearlyHolidays"]
