"""A generic country: international mobile numbers, no national codes, no fixed holidays."""

import re

from civicportal.util.calendar import NO_HOLIDAYS
from civicportal.util.countries.base import InvalidMobile
from civicportal.util.countries.personal import ENGLISH
from civicportal.util.i18n import _
from civicportal.util.persian import DASHES, compact

# ITU-T E.164: at most 15 digits, a country code never starts with 0; no country has mobile numbers under 8 digits.
_E164 = re.compile(r"(?:\+|00)([1-9][0-9]{7,14})")


class GenericCountry:
    """Rules for any country."""

    code = "generic"
    personal_text = ENGLISH
    mobile_example = "+000 000 000 000"
    fixed_holidays = NO_HOLIDAYS
    stop_words = frozenset({"stop"})
    start_words = frozenset({"start"})
    emergency_numbers: tuple[str, ...] = ()

    def normalize_mobile(self, text: str) -> str:
        """Parse a number with its country code, after ``+`` or ``00``."""
        match = _E164.fullmatch(compact(text, also=DASHES + "()."))
        if match is None:
            raise InvalidMobile(_("Enter the mobile number with + and the country code."))
        return f"+{match[1]}"

    def display_mobile(self, mobile: str) -> str:
        """The stored form, since the national one is unknown."""
        return mobile

    def mask_mobile(self, mobile: str) -> str:
        """``+49***6789``"""
        return f"{mobile[:3]}***{mobile[-4:]}"

    def is_national_code(self, text: str) -> bool:
        """No code is valid."""
        return False

    def is_legal_id(self, text: str) -> bool:
        """No identifier is valid."""
        return False

    def mask_national_code(self, code: str) -> str:
        """Mask all but the last two characters."""
        return f"*****{code[-2:]}"
