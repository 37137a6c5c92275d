"""Password hashes (Argon2id) and the rules for a new password."""

from __future__ import annotations

import base64
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pyramid.i18n import TranslationString

from civicportal.util.i18n import _
from civicportal.util.persian import key

__all__ = [
    "CITIZEN_MINIMUM",
    "MAXIMUM",
    "STAFF_MINIMUM",
    "check_password_policy",
    "hash_password",
    "needs_rehash",
    "verify_password",
]

CITIZEN_MINIMUM = 8
STAFF_MINIMUM = 12
MAXIMUM = 128

# OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# A hash costs 19 MiB and tens of milliseconds: at most two at once, so that a flood of logins does not exhaust the
# machine.
_slots = threading.BoundedSemaphore(2)


def _b64(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")


# A dummy hash: verifying against it takes the time of a real check.
_NO_ACCOUNT = f"$argon2id$v=19$m=19456,t=2,p=1${_b64(16)}${_b64(32)}"

_MOBILE = re.compile(r"(?:\+?98|0098|0)?9\d{9}")
_DATE = re.compile(r"(?:1[34]|19|20)\d\d[-/.]?\d\d[-/.]?\d\d")
_REPEATED = re.compile(r"(.{1,3})\1+", re.DOTALL)
_ROWS = (
    "01234567890123456789 abcdefghijklmnopqrstuvwxyz ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
    " qwertyuiop asdfghjkl zxcvbnm ضصثقفغعهخحجچ شسیبلاتنمکگ ظطزرذدپو"
)
# Rows of the alphabets and the keyboards, and their reversals.
_SEQUENCES = (*_ROWS.split(), *_ROWS[::-1].split())
_FEW_ROWS = 4
_DECORATION = re.compile(r"^[\W\d_]+|[\W\d_]+$")
# Minimum letters and digits of a password without the site's own words.
_REST = 5


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password (its NFC form, not truncated)."""
    with _slots:
        return _hasher.hash(_bytes(password))


def verify_password(hashed: str | None, password: str) -> bool:
    """Return whether the password matches the hash.

    :param hashed: the stored hash, or None if there is no such account or it has no password; the result
    is False then, after the same work, so that timing reveals nothing.
    """
    with _slots:
        try:
            _hasher.verify(hashed or _NO_ACCOUNT, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
    return hashed is not None


def needs_rehash(hashed: str) -> bool:
    """Return whether the hash has outdated parameters."""
    return _hasher.check_needs_rehash(hashed)


def check_password_policy(password: str, *, minimum: int, words: Iterable[str]) -> TranslationString | None:
    """Return why a new password is refused, else None.

    Only length and lists count; there are no rules about kinds of characters (OWASP ASVS 5.0.0, 6.2).

    :param minimum: code points needed: `CITIZEN_MINIMUM` or `STAFF_MINIMUM`.
    :param words: words of the site and the person: city, portal, roles, user name, mobile, in any script.
    """
    length = len(unicodedata.normalize("NFC", password))
    if length < minimum:
        return _("Use at least ${minimum} characters.", mapping={"minimum": minimum})
    if length > MAXIMUM:
        return _("Use at most ${maximum} characters.", mapping={"maximum": MAXIMUM})
    folded = _fold(password)
    if _is_common(folded):
        return _("This password is easy to guess. Choose another one.")
    if _is_made_of(folded, words):
        return _("Do not build the password from names that belong to the portal, the city or yourself.")
    return None


def _is_common(folded: str) -> bool:
    if any(pattern.fullmatch(folded) for pattern in (_MOBILE, _DATE, _REPEATED)):
        return True
    return folded in _common() or _DECORATION.sub("", folded) in _common() or _is_made_of_rows(folded)


def _is_made_of_rows(folded: str) -> bool:
    """Return whether a password consists mostly of sequences: 1234567890123, qwerty123456, aaaabbbb."""
    rows = place = 0
    while place < len(folded):
        end = place + 1
        while end < len(folded) and _is_row(folded[place : end + 1]):
            end += 1
        rows, place = rows + 1, end
    return rows <= min(len(folded) // 3, _FEW_ROWS)


def _is_row(part: str) -> bool:
    return len(set(part)) == 1 or any(part in sequence for sequence in _SEQUENCES)


def _is_made_of(folded: str, words: Iterable[str]) -> bool:
    rest = folded
    for word in sorted(map(_fold, words), key=len, reverse=True):
        if len(word) >= 3:
            rest = rest.replace(word, "")
    return rest != folded and sum(map(str.isalnum, rest)) < _REST


@cache
def _common() -> frozenset[str]:
    """Return common passwords."""
    # Twelve megabytes, loaded only when a password is set.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    own = (files("civicportal.domain.accounts") / "persian_passwords.txt").read_text("utf-8").splitlines()
    lines = (line for line in own if not line.startswith("#"))
    return frozenset(filter(None, map(_fold, (*FREQUENCY_LISTS["passwords"], *lines))))


def _fold(text: str) -> str:
    """Fold variants: full-width forms, spellings, case, digits, spaces and joiners."""
    return key(unicodedata.normalize("NFKC", text)).replace(" ", "")


def _bytes(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
