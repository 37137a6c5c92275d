"""The words used in cases, and similar ones."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, text

from civicportal.core.jobs import Job
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.search_models import SearchWord

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from civicportal.core.site import Site

MOST_WORDS = 30_000
"""The words that most cases use; what is near to a word is looked for among them."""
SHORTEST = 3
"""Letters of a word that is kept or mended."""
_MOST_NEAR = 3
_ALIKE = 0.66
"""How like a word must be: one of three letters may differ, two of six."""
_SOUNDS = str.maketrans(
    {"ص": "س", "ث": "س", "ذ": "ز", "ض": "ز", "ظ": "ز", "ط": "ت", "ح": "ه", "غ": "ق", "ع": "ا"}
)
"""Letters that sound alike in Persian are taken for each other first of all."""
_CASES_A_WORD = 50_000
"""Number of cases per required use of a word: rarer words are typing errors or names of people."""

_COUNTED = {
    "postgresql": text(
        "SELECT word, ndoc FROM ts_stat('SELECT doc FROM case_search') WHERE ndoc >= :least ORDER BY ndoc DESC"
    ),
    "sqlite": text(
        "SELECT term, doc FROM temp.case_words WHERE col = 'search_text' AND doc >= :least ORDER BY doc DESC"
    ),
}
_LISTED = text("CREATE VIRTUAL TABLE IF NOT EXISTS temp.case_words USING fts5vocab(main, case_search, col)")
PATIENCE = 300
"""Seconds that a statement may take: every word of every case is read once."""


def make_vocabulary(site: "Site") -> None:
    """Rebuild the vocabulary of the search from the words in cases."""
    with site.work(write=False, patience=PATIENCE) as work:
        if not SearchIndex(site.engines).is_ready(work.session):
            return
        words = list(islice(_used(work.session, site.engines.dialect), MOST_WORDS))
    with site.work() as work:
        work.session.execute(delete(SearchWord))
        for start in range(0, len(words), 1000):
            rows = [{"word": word, "cases": number} for word, number in words[start : start + 1000]]
            work.session.execute(insert(SearchWord), rows)


def _used(session: "Session", dialect: str) -> Iterator[tuple[str, int]]:
    least = 1 + (session.scalar(select(func.max(Case.id))) or 0) // _CASES_A_WORD
    if dialect == "sqlite":
        session.execute(_LISTED)
    for word, number in session.execute(_COUNTED[dialect], {"least": least}):
        if is_counted(word):
            yield word, number


def is_counted(word: str) -> bool:
    """Return whether a word is counted: numbers and the shortest words are not."""
    return len(word) >= SHORTEST and word.isalpha()


class Vocabulary:
    """The words that cases use, in memory.

    :param words: with how many cases use each.
    """

    def __init__(self, words: Mapping[str, int]) -> None:
        self._cases = words
        self._sorted = sorted(words)

    def __bool__(self) -> bool:
        """Return whether any words have been counted."""
        return bool(self._sorted)

    @cached_property
    def _sounds(self) -> list[str]:
        return [_sound(word) for word in self._sorted]

    def knows(self, word: str) -> bool:
        """Return whether a word or prefix is used."""
        place = bisect_left(self._sorted, word)
        return place < len(self._sorted) and self._sorted[place].startswith(word)

    def near(self, word: str) -> list[str]:
        """Return similar words of an unknown one, likeliest first."""
        # For a search that found nothing; most processes never need it.
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        found = extract(
            _sound(word),
            self._sounds,
            scorer=OSA.normalized_similarity,
            score_cutoff=_ALIKE,
            limit=_MOST_NEAR,
        )
        alike = sorted(
            (-score, -self._cases[self._sorted[place]], self._sorted[place]) for _s, score, place in found
        )
        return [*self._apart(word), *(near for _score, _cases, near in alike)]

    def _apart(self, word: str) -> list[str]:
        halves = ((word[:cut], word[cut:]) for cut in range(SHORTEST, len(word) - SHORTEST + 1))
        return [f"{one} {other}" for one, other in halves if one in self._cases and other in self._cases][:1]


def _sound(word: str) -> str:
    return word.translate(_SOUNDS)


JOBS = (Job(name="core.search_words", at="04:00", lane="long", run=make_vocabulary),)
