"""Generated tokens, in a form that people and leak scanners recognise.

``cpt_`` + 40 random characters + 6 characters of checksum: the letters tell the sort, and the checksum (CRC-32, base 62) lets a
scanner tell a token from other text without asking the portal.
"""

import string
import zlib
from secrets import choice
from typing import Literal

Sort = Literal["cpt", "cpm", "cps", "cpc", "cpa", "cpr"]
"""Personal tokens, those of machines; and of OAuth the secrets of clients, codes, access tokens and refresh tokens."""
ALPHABET = string.digits + string.ascii_letters
RANDOM, CHECKSUM = 40, 6
"""Characters: 40 of 62 are 238 bits."""
LONGEST = 100
"""Characters of anything that may be a token."""


def new_api_token(sort: Sort) -> str:
    """Return a new random token."""
    body = "".join(choice(ALPHABET) for _number in range(RANDOM))
    return f"{sort}_{body}{checksum(body)}"


def checksum(text: str) -> str:
    """Return the CRC-32 of a text in six base-62 digits."""
    number, digits = zlib.crc32(text.encode()), ""
    for _number in range(CHECKSUM):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
