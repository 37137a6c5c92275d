"""Search queries, parsed for the database and for highlighting."""

import re
from dataclasses import dataclass
from functools import lru_cache

from civicportal.util import tracking
from civicportal.util.i18n import InvalidInput
from civicportal.util.persian import in_one, runs

MOST_TERMS = 8
_QUOTED = re.compile('"([^"]*)"|«([^»]*)»|“([^”]*)”')
_CODE_BEGINS = 6
"""So many digits and more may be the beginning of a tracking code; fewer are a number in a sentence."""
_CODE = 10
"""Digits of a whole one."""
_NUMBER_GOES_ON = 4
"""Digits from which a number may be typed half: «۱۲» looks for 12 alone, not for every number that begins so."""


@dataclass(frozen=True)
class SearchTerm:
    """One thing that must occur.

    :ivar spellings: runs of words, of which one must occur: a word with a ZWNJ is also looked for written in one.
    :ivar goes_on: the last word may be the beginning of a longer one.
    """

    spellings: tuple[tuple[str, ...], ...]
    goes_on: bool

    @property
    def is_phrase(self) -> bool:
        """Return whether a spelling consists of several words.

        They must be neighbours.
        """
        return any(len(spelling) > 1 for spelling in self.spellings)

    @property
    def code(self) -> str:
        """Return the digits that may begin a tracking code."""
        word = self.spellings[0][0]
        is_number = len(self.spellings[0]) == 1 and _is_number(word)
        return word if is_number and self.goes_on and _CODE_BEGINS <= len(word) <= _CODE else ""


@dataclass(frozen=True)
class SearchQuery:
    """A search as it was typed, and what it looks for.

    :ivar code: the whole is this tracking code; then there are no terms.
    """

    text: str
    terms: tuple[SearchTerm, ...]
    code: str = ""

    def __bool__(self) -> bool:
        """Return whether anything is looked for: signs alone are nothing."""
        return bool(self.terms or self.code)


@lru_cache(maxsize=256)
def read(text: str) -> SearchQuery:
    """Parse a search.

    All words must occur, each may be a prefix; quoted phrases occur literally. Further words than :data:`MOST_TERMS`
    are left out.
    """
    try:
        return SearchQuery(text=text, terms=(), code=tracking.normalize(text))
    except InvalidInput:
        pass
    terms: list[SearchTerm] = []
    end = 0
    for quote in _QUOTED.finditer(text):
        terms += _terms(text[end : quote.start()])
        phrase = tuple(word for run in runs(quote.group()) for word in run)
        terms += [SearchTerm((phrase,), goes_on=False)] if phrase else []
        end = quote.end()
    terms += _terms(text[end:])
    return SearchQuery(text=text, terms=tuple(dict.fromkeys(terms))[:MOST_TERMS])


def _terms(text: str) -> list[SearchTerm]:
    found = runs(text)
    groups = [run[0] for run in found if len(run) == 1 and _is_number(run[0])]
    if len(found) > 1 and len(groups) == len(found) and _CODE_BEGINS <= len("".join(groups)) <= _CODE:
        # A tracking code stands on pages in groups of digits, and so may its beginning be typed.
        return [SearchTerm((("".join(groups),), tuple(groups)), goes_on=True)]
    return [_term(run) for run in found]


def _term(run: list[str]) -> SearchTerm:
    last = run[-1]
    shortest = _NUMBER_GOES_ON if _is_number(last) else 2
    written = (tuple(run), (in_one(run),)) if len(run) > 1 else (tuple(run),)
    return SearchTerm(written, goes_on=len(last) >= shortest)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()
