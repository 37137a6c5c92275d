"""Riverland: its mobile numbers and annual holidays. It has no national codes."""

import re

from pyramid.i18n import TranslationStringFactory

from civicportal.api.localization import CityCalendar, InvalidMobile, PersonalText, localized_digits

_ = TranslationStringFactory("civicportal")
"""A site's texts are in the domain of the core."""
# +999 is a code that the ITU has not assigned.
_MOBILE = re.compile(r"(?:(?:\+|00)999|0)(7[0-9]{8})")
_BETWEEN = re.compile(r"[\s().-]+")
_HOLIDAYS = {
    (1, 1): _("New Year's Day"),
    (5, 1): _("Labour Day"),
    (6, 21): _("River Day"),
    (12, 25): _("Christmas Day"),
}
#: Patterns for detecting the sender in a text before it is published.
_PERSONAL = PersonalText(
    titles=frozenset({"mr", "mrs", "ms", "miss", "sir", "madam"}),
    degrees=frozenset({"dr", "prof"}),
    greetings=frozenset({"dear", "hello", "hi", "good", "morning", "afternoon", "evening", "citizen", "and"}),
    patterns=(
        (
            "mobile",
            re.compile(
                r"(?<!\d)(?:(?:\+|00)[\s().-]*9[\s().-]*9[\s().-]*9|0)[\s().-]*7(?:[\s().-]*\d){8}(?!\d)"
            ),
        ),
        ("address", re.compile(r"\b(?:apartment|apt|flat)\b\.?\s*(?:no\.?\s*)?\d+[a-z]?\b", re.IGNORECASE)),
    ),
)


class Riverland:
    """Rules of Riverland."""

    code = "riverland"
    personal_text = _PERSONAL
    mobile_example = "0712 345 678"
    fixed_holidays = CityCalendar.Holidays("gregorian", frozenset(_HOLIDAYS), _HOLIDAYS)
    stop_words = frozenset({"stop"})
    start_words = frozenset({"start"})
    emergency_numbers = ("999",)

    def normalize_mobile(self, text: str) -> str:
        """Read ``0712…``, ``+999712…`` or ``00999712…``, with any blanks, dots, dashes and brackets."""
        match = _MOBILE.fullmatch(_BETWEEN.sub("", localized_digits(text, "en")))
        if match is None:
            raise InvalidMobile(_("A mobile number has 10 digits and starts with 07."))
        return f"+999{match[1]}"

    def display_mobile(self, mobile: str) -> str:
        """``0712345678``"""
        return "0" + mobile.removeprefix("+999")

    def mask_mobile(self, mobile: str) -> str:
        """``0712***678``"""
        number = self.display_mobile(mobile)
        return f"{number[:4]}***{number[-3:]}"

    def is_national_code(self, text: str) -> bool:
        """Return False: the country has no national codes."""
        return False

    def is_legal_id(self, text: str) -> bool:
        """Return False: the country has no numbers of organisations."""
        return False

    def mask_national_code(self, code: str) -> str:
        """Return an empty text."""
        return "*" * len(code)
