"""Persian text: the stored form and the key for comparison and search.

Keyboards write one letter with several code points (ي and ی), and people write one word with and without vowels,
hamza or zero-width non-joiner (ZWNJ). ``store`` corrects invisible differences; ``key`` also folds different spellings.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from civicportal.util.i18n import latin_digits

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
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[\u0300-\u036f\u064b-\u065f\u0670\u06d6-\u06ed{_INVISIBLE}])*")
LONGEST_WORD = 64
"""Letters of a word that are searched; a longer word is truncated."""
_JOINT = re.compile(rf"[\u200c\u200b\u00ac{_INVISIBLE}]+")
_GAPS = re.compile(rf"[\s{ZWNJ}]*{ZWNJ}[\s{ZWNJ}]*")
# Pairs of a letter and its folded form.
_MADDA = "\ue000"
_ALPHABET = f"{_MADDA}ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
# Unicode places the four letters that Arabic lacks, and kaf, after all others: map them to a block in the right order.
_ORDERED = str.maketrans(_ALPHABET, "".join(chr(0x0620 + place) for place in range(len(_ALPHABET))))
_NUMBER_NOISE = re.compile(rf"[\s{ZWNJ}{_INVISIBLE}]+")


def store(text: str) -> str:
    """Normalise a typed text without visible changes; applied to all input.

    Arabic letters with Persian equivalents, presentation forms, kashida, direction marks and superfluous
    ZWNJ are removed; digits, vowel marks and line breaks stay.
    """
    text = _PRESENTATION_FORMS.sub(_nfkc, unicodedata.normalize("NFC", text))
    # A removed character may have been between a letter and its mark: compose again.
    text = unicodedata.normalize("NFC", text.translate(_LETTERS))
    return _GAPS.sub(_gap, text).strip().strip(ZWNJ)


def key(text: str) -> str:
    """Fold a text for search and comparison.

    Spellings of one word get the same key.

    In addition to ``store``, vowel marks are removed, digits become ASCII, forms of alef, hamza and ta marbuta become
    the plain letter, ZWNJ a space, capitals lower case, and runs of spaces one.
    """
    folded = latin_digits(_MARKS.sub("", store(text))).translate(_FOLDED).lower()
    return unicodedata.normalize("NFC", " ".join(folded.split()))


@lru_cache(maxsize=8192)
def alphabetical(text: str) -> str:
    """Return the sort key of a Persian name.

    It is kept: the members of staff of a large city are sorted for every page that offers them.
    """
    return key(store(text).replace("آ", _MADDA)).translate(_ORDERED)


class Word(NamedTuple):
    """A word of a text.

    :ivar key: for comparison.
    :ivar start: index of its first character in the original text.
    :ivar end: index after its last one.
    :ivar joined: only a ZWNJ separates it from the word before.
    """

    key: str
    start: int
    end: int
    joined: bool


def words(text: str) -> Iterator[Word]:
    """Yield the words of a text with their positions; punctuation is skipped.

    A written word with a ZWNJ is several words; so is a presentation form that stands for several.
    """
    behind = -1
    for match in _WORD.finditer(text):
        start, end = match.span()
        joined = behind >= 0 and _JOINT.fullmatch(text, behind, start) is not None
        for part in _keys(match.group()):
            yield Word(part, start, end, joined)
            joined = False
        behind = end


def runs(text: str) -> list[list[str]]:
    """Return the keys of the words of a text, grouped by ZWNJ."""
    found: list[list[str]] = []
    for word in words(text):
        part = word.key[:LONGEST_WORD]
        if word.joined:
            found[-1].append(part)
        else:
            found.append([part])
    return found


def in_one(run: list[str]) -> str:
    """Return the key of words written without the ZWNJ between them."""
    return "".join(run)[:LONGEST_WORD]


def folded(*texts: str) -> str:
    """Return the words of texts for search columns, as keys between single spaces.

    Words with a ZWNJ are included separately, and joined at the end.
    """
    found = [run for text in texts for run in runs(text)]
    apart = [word for run in found for word in run]
    return " ".join((*apart, *dict.fromkeys(in_one(run) for run in found if len(run) > 1)))


@lru_cache(maxsize=1 << 14)
def _keys(word: str) -> tuple[str, ...]:
    return tuple(key(word).split())


def compact(text: str, *, also: str = "") -> str:
    """Clean input of a number, code or date.

    Digits become ASCII; spaces, ZWNJ and direction marks are removed.

    :param also: further characters to remove, such as ``DASHES``.
    """
    text = _NUMBER_NOISE.sub("", latin_digits(text))
    return text.translate(dict.fromkeys(map(ord, also)))


def _nfkc(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())


def _gap(match: re.Match[str]) -> str:
    """Reduce several ZWNJ to one; remove those beside a space."""
    return match.group().replace(ZWNJ, "") or ZWNJ
