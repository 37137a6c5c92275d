"""Calendar, country, numbers and letters."""

from civicportal.util.calendar import CityCalendar, YearlyHolidays
from civicportal.util.countries import Country, InvalidMobile
from civicportal.util.countries.personal import PersonalText
from civicportal.util.i18n import _, format_number, localized_digits
from civicportal.util.persian import key

__all__ = [
    "CityCalendar",
    "Country",
    "InvalidMobile",
    "PersonalText",
    "YearlyHolidays",
    "_",
    "format_number",
    "key",
    "localized_digits",
]
