"""Length of short messages (3GPP TS 23.038 and 23.040)."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

Encoding = Literal["GSM7", "UCS2"]

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Characters of two septets, an escape and a character.
_GSM7_EXTENSION = frozenset("^{}\\[~]|€\f")
#: Units of a single message, and of each part of a longer one.
_ROOM: dict[Encoding, tuple[int, int]] = {"GSM7": (160, 153), "UCS2": (70, 67)}


@dataclass(frozen=True)
class SmsLength:
    """The size of a text as a short message.

    :param units: septets (GSM7) or UTF-16 code units (UCS2).
    :param parts: number of messages that are sent and charged; one for an empty text.
    """

    encoding: Encoding
    units: int
    parts: int

    @classmethod
    def of(cls, text: str) -> "SmsLength":
        """Measure a text as phones and operators do.

        One Persian letter or emoji makes the whole text UCS2.

        No part ends within an escape pair or a surrogate pair, so a text at the limit may need one part more than
        division suggests.
        """
        if _GSM7_EXTENSION.union(_GSM7).issuperset(text):
            encoding: Encoding = "GSM7"
            sizes = [2 if character in _GSM7_EXTENSION else 1 for character in text]
        else:
            encoding = "UCS2"
            sizes = [_utf16_size(character) for character in text]
        units = sum(sizes)
        alone, each = _ROOM[encoding]
        return cls(encoding, units, 1 if units <= alone else _count_parts(sizes, each))

    @staticmethod
    def cut(text: str, limit: int) -> str:
        """Return the longest prefix of whole characters within a length in UTF-16 code units."""
        fitting = sum(end <= limit for end in accumulate(map(_utf16_size, text)))
        return text[:fitting]


def utf16_len(text: str) -> int:
    """Return the length in UTF-16 code units, as phones and providers count."""
    return sum(map(_utf16_size, text))


def _utf16_size(character: str) -> int:
    return 2 if character > "\uffff" else 1


def _count_parts(sizes: Iterable[int], room: int) -> int:
    parts, left = 1, room
    for size in sizes:
        if size > left:
            parts, left = parts + 1, room
        left -= size
    return parts
