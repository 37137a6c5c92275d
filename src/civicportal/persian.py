"""Persian text: the form that is stored and the key by which texts are compared and searched.

Keyboards write one letter with several code points (ي and ی), and people write one word with and without vowels,
hamza or zero-width non-joiner (ZWNJ). ``store`` mends what nobody sees; ``key`` also folds what everybody reads alike.
"""

import re
import unicodedata

from civicportal.i18n import latin_digits

ZWNJ = "\u200c"
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"

_INVISIBLE = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_KASHIDA = "\u0640"

_LETTERS = str.maketrans(
    {
        **dict.fromkeys("يىې", "ی"),
        **dict.fromkeys("كڪ", "ک"),
        **dict.fromkeys("ہھە", "ه"),
        "ۀ": "ه\u0654",
        **dict.fromkeys("\u200b\u00ac", ZWNJ),  # both are typed for ZWNJ by older keyboards
        **dict.fromkeys("\u00a0\u202f", " "),
        **dict.fromkeys(_INVISIBLE + _KASHIDA, ""),
    }
)
_FOLDED = str.maketrans(
    {**dict.fromkeys("أإٱآ", "ا"), "ؤ": "و", "ئ": "ی", "ة": "ه", "ء": "", ZWNJ: " "},
)
_PRESENTATION_FORMS = re.compile("[\ufb50-\ufdff\ufe70-\ufefc]+")
_MARKS = re.compile("[\u064b-\u065f\u0670\u06d6-\u06ed]")
_GAPS = re.compile(rf"[\s{ZWNJ}]*{ZWNJ}[\s{ZWNJ}]*")
_NUMBER_NOISE = re.compile(rf"[\s{ZWNJ}{_INVISIBLE}]+")


def store(text: str) -> str:
    """Normalise a typed text without changing what a reader sees; applied to every text that comes in.

    Arabic letters that Persian writes otherwise, presentation forms, kashida, direction marks and superfluous
    ZWNJ go; digits, vowel marks and line breaks stay.
    """
    text = _PRESENTATION_FORMS.sub(_nfkc, unicodedata.normalize("NFC", text))
    # What was dropped may have stood between a letter and its mark: compose again.
    text = unicodedata.normalize("NFC", text.translate(_LETTERS))
    return _GAPS.sub(_gap, text).strip().strip(ZWNJ)


def key(text: str) -> str:
    """Fold a text for search columns and comparison: two spellings of one word get one key.

    Besides what ``store`` does, vowel marks go, digits become ASCII, forms of alef, hamza and ta marbuta become the
    plain letter, ZWNJ a space, capitals small, and runs of spaces one.
    """
    folded = latin_digits(_MARKS.sub("", store(text))).translate(_FOLDED).lower()
    return unicodedata.normalize("NFC", " ".join(folded.split()))


def compact(text: str, *, also: str = "") -> str:
    """Clean what was typed or pasted into a field for a number, a code or a date.

    Digits become ASCII; spaces, ZWNJ and direction marks go.

    :param also: further characters to remove, such as ``DASHES``.
    """
    text = _NUMBER_NOISE.sub("", latin_digits(text))
    return text.translate(dict.fromkeys(map(ord, also)))


def _nfkc(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())


def _gap(match: re.Match[str]) -> str:
    """One ZWNJ for several; none beside a space."""
    return match.group().replace(ZWNJ, "") or ZWNJ
