"""Tracking codes (کد رهگیری) of ten digits.

The first is 1-9, the last a Damm check digit, which detects every single wrong digit and every swap of two neighbours.
A code contains no date and no sequence, and gives no access by itself.
"""

import re
import secrets
from random import Random

from stdnum import damm

from civicportal.util.i18n import InvalidInput, _
from civicportal.util.persian import DASHES, compact

_CODE = re.compile(r"[1-9][0-9]{9}")
_SYSTEM_RANDOM = secrets.SystemRandom()


class InvalidTrackingCode(InvalidInput):
    """The text is not a tracking code, or has a wrong digit."""


def new_code(rng: Random = _SYSTEM_RANDOM) -> str:
    """Return a new random code; it may be taken already.

    :param rng: source of randomness; other than the system's only for demo data and tests.
    """
    body = str(rng.randrange(10**8, 10**9))
    return body + str(damm.calc_check_digit(body))


def is_valid(code: str) -> bool:
    """Return whether a normalised code is well-formed and its check digit right."""
    return _CODE.fullmatch(code) is not None and bool(damm.is_valid(code))


def normalize(text: str) -> str:
    """Return the code in a text of any digits, with spaces, dashes or direction marks.

    :raises InvalidTrackingCode: when there is none.
    """
    code = compact(text, also=DASHES)
    if not is_valid(code):
        raise InvalidTrackingCode(_("The tracking code is not right. It has ten digits."))
    return code


def grouped(code: str) -> str:
    """Return the code formatted for display: ``405 903 1274``."""
    return f"{code[:3]} {code[3:6]} {code[6:]}"
