"""Iran."""

import re

from civicportal.util.calendar import YearlyHolidays
from civicportal.util.countries.base import InvalidMobile
from civicportal.util.countries.personal import IRAN
from civicportal.util.i18n import _, latin_digits
from civicportal.util.persian import DASHES, compact

# Operators' prefixes are not checked: new ones appear, and numbers move between operators.
_MOBILE = re.compile(r"(?:(?:\+98|0098|98)0?|0)?(9[0-9]{9})")
_NATIONAL_CODE = re.compile(r"[0-9]{10}")
_LEGAL_ID = re.compile(r"[0-9]{11}")
_LEGAL_WEIGHTS = (29, 27, 23, 19, 17) * 2

_NOWRUZ = _("Nowruz")
#: Official holidays by the solar year; the last day exists in leap years only.
_HOLIDAYS = {
    (1, 1): _NOWRUZ,
    (1, 2): _NOWRUZ,
    (1, 3): _NOWRUZ,
    (1, 4): _NOWRUZ,
    (1, 12): _("Islamic Republic Day"),
    (1, 13): _("Nature Day"),
    (3, 14): _("Demise of Imam Khomeini"),
    (3, 15): _("Uprising of 15 Khordad"),
    (11, 22): _("Victory of the Islamic Revolution"),
    (12, 29): _("Nationalisation of the oil industry"),
    (12, 30): _("Last day of the year"),
}


class Iran:
    """Rules of Iran; its fixed holidays are in the Jalali calendar."""

    code = "ir"
    personal_text = IRAN
    mobile_example = "0912 345 6789"
    fixed_holidays = YearlyHolidays("jalali", frozenset(_HOLIDAYS), _HOLIDAYS)

    #: «لغو۱۱»: since 1401 the regulator requires senders to accept 11 as unsubscription and 12 as subscription.
    stop_words = frozenset({"11", "لغو11", "لغو 11", "لغو"})
    start_words = frozenset({"12"})
    emergency_numbers = ("115", "125", "110")

    def normalize_mobile(self, text: str) -> str:
        """Parse ``0912…``, ``912…``, ``98912…``, ``+98912…`` or ``0098912…`` with any spaces, dashes and brackets."""
        match = _MOBILE.fullmatch(compact(text, also=DASHES + "()"))
        if match is None:
            raise InvalidMobile(_("A mobile number has 11 digits and starts with 09."))
        return f"+98{match[1]}"

    def display_mobile(self, mobile: str) -> str:
        """``09123456789``"""
        return "0" + mobile.removeprefix("+98")

    def mask_mobile(self, mobile: str) -> str:
        """``0912***6789``"""
        number = self.display_mobile(mobile)
        return f"{number[:4]}***{number[-4:]}"

    def is_national_code(self, text: str) -> bool:
        """Check a کد ملی: ten digits, not all equal, the last one a check digit by weights 10 to 2 modulo 11."""
        code = latin_digits(text)
        if not _NATIONAL_CODE.fullmatch(code) or len(set(code)) == 1:
            return False
        remainder = sum(int(digit) * (10 - place) for place, digit in enumerate(code[:9])) % 11
        return int(code[9]) == (remainder if remainder < 2 else 11 - remainder)

    def is_legal_id(self, text: str) -> bool:
        """Check شناسهٔ ملی.

        Eleven digits, the last one a check digit that also depends on the tenth.
        """
        code = latin_digits(text)
        if not _LEGAL_ID.fullmatch(code) or int(code[3:9]) == 0:
            return False
        offset = int(code[9]) + 2
        remainder = (
            sum((int(digit) + offset) * weight for digit, weight in zip(code, _LEGAL_WEIGHTS, strict=False))
            % 11
        )
        return int(code[10]) == remainder % 10

    def mask_national_code(self, code: str) -> str:
        """``049*****99``"""
        return f"{code[:3]}*****{code[-2:]}"
