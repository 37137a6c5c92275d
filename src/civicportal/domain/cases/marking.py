"""Highlighting of search matches in a text."""

from collections.abc import Iterator

from markupsafe import Markup, escape

from civicportal.domain.cases.query_parser import SearchQuery, SearchTerm, read
from civicportal.util.persian import Word, words

AROUND = 60
"""Letters shown on each side of a match."""
_MARK = Markup("<mark>{}</mark>")  # format() escapes what is inserted
Span = tuple[int, int]


def spans(text: str, wanted: SearchQuery) -> list[Span]:
    """Return the positions of search matches in a text, ordered and disjoint."""
    # A list without a search marks nothing in each of its rows.
    if not wanted.terms:
        return []
    there = list(words(text))
    found = sorted(span for term in wanted.terms for span in _of_term(term, there))
    merged: list[Span] = []
    for start, end in found:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def marked(text: str, typed: str) -> Markup:
    """Return a text with matches in ``<mark>``.

    A text without matches is only escaped.
    """
    return _mark(text, spans(text, read(typed)))


def snippet(text: str, typed: str) -> Markup:
    """Return the marked part around the first match.

    It is empty without a match.
    """
    found = spans(text, read(typed))
    if not found:
        return escape("")
    start = _gap_before(text, max(found[0][0] - AROUND, 0))
    end = _gap_behind(text, min(found[0][1] + AROUND, len(text)))
    part = " ".join(text[start:end].split())
    before, behind = "… " if start else "", " …" if end < len(text) else ""
    return escape(before) + _mark(part, spans(part, read(typed))) + behind


def _mark(text: str, found: list[Span]) -> Markup:
    pieces, behind = [], 0
    for start, end in found:
        pieces += [escape(text[behind:start]), _MARK.format(text[start:end])]
        behind = end
    return escape("").join([*pieces, escape(text[behind:])])


def _of_term(term: SearchTerm, there: list[Word]) -> Iterator[Span]:
    for spelling in term.spellings:
        for place in range(len(there) - len(spelling) + 1):
            run = there[place : place + len(spelling)]
            if _begins(run, spelling, term.goes_on):
                yield run[0].start, run[-1].end
    yield from _written_in_one(term, there)


def _begins(run: list[Word], spelling: tuple[str, ...], goes_on: bool) -> bool:
    *first, last = (word.key for word in run)
    ends = last.startswith(spelling[-1]) if goes_on else last == spelling[-1]
    return ends and first == list(spelling[:-1])


def _written_in_one(term: SearchTerm, there: list[Word]) -> Iterator[Span]:
    """Yield words joined by a ZWNJ whose parts together match."""
    start = 0
    for place in range(1, len(there) + 1):
        if place < len(there) and there[place].joined:
            continue
        run = there[start:place]
        whole = "".join(word.key for word in run)
        asked = (spelling[0] for spelling in term.spellings if len(spelling) == 1)
        if len(run) > 1 and any(whole.startswith(a) if term.goes_on else whole == a for a in asked):
            yield run[0].start, run[-1].end
        start = place


def _gap_before(text: str, place: int) -> int:
    return place and text.rfind(" ", 0, place) + 1


def _gap_behind(text: str, place: int) -> int:
    gap = text.find(" ", place)
    return len(text) if gap < 0 else gap
