"""Calendar, country, numbers and letters."""

from civicportal.util.calendar import CityCalendar
from civicportal.util.countries import Country, InvalidMobile
from civicportal.util.countries.personal import PersonalText
from civicportal.util.i18n import format_number, localized_digits
from civicportal.util.persian import key as search_key

__all__ = [
    "CityCalendar",
    "Country",
    "InvalidMobile",
    "PersonalText",
    "format_number",
    "localized_digits",
    "search_key",
]
