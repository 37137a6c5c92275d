"""“Did you mean …” for searches without results."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.search_models import SearchWord
from civicportal.domain.cases.vocabulary import SHORTEST, Vocabulary
from civicportal.util.persian import Word, words
from civicportal.util.queries import Rows

MOST_TRIED = 3
"""Searches that are tried for one that finds nothing."""
_FRESH = timedelta(minutes=10)
_NONE_YET = timedelta(seconds=1)
"""Seconds until an empty vocabulary is read again: it may be filled at any moment."""
QueryFor = Callable[[str], Rows]
"""Makes the query of a list for other words, all else as it was."""


class _Read:
    """The words read last, and the time, in one object because threads share it."""

    last: tuple[datetime, Vocabulary] | None = None


class SuggestionService(Service):
    """Suggest other search words.

    A suggestion finds a case that the actor may see: it reveals no words of others' cases.
    """

    def instead_of(self, typed: str, query_for: QueryFor) -> str:
        """Return a suggested search, or "".

        :param query_for: the list that found nothing, for other words; it selects from ``Case``.
        """
        for text, new in islice(self._proposals(typed), MOST_TRIED):
            query = (
                query_for(text).with_only_columns(Case.subject, Case.place, Case.body).order_by(None).limit(1)
            )
            row = self.session.execute(query).first()
            if row is not None:
                return _as_written(text, new, " ".join(row))
        return ""

    def _proposals(self, typed: str) -> Iterator[tuple[str, list[str]]]:
        """Yield texts with unknown words replaced, and the replacements."""
        known = self.vocabulary()
        there = list(words(typed))
        odd = [word for word in there if len(word.key) >= SHORTEST and not known.knows(word.key)]
        joined = _in_one(there, known)
        if joined:
            yield joined
        near = [known.near(word.key) for word in odd]
        if not odd or not all(near):
            return
        for choice in range(MOST_TRIED):
            new = [options[min(choice, len(options) - 1)] for options in near]
            yield _put(typed, odd, new), new

    def vocabulary(self) -> Vocabulary:
        """Return the words used in cases.

        They were counted some hours ago.
        """
        memory, now = self.work.site.cache.of(_Read), self.work.clock.now()
        if memory.last:
            read_at, known = memory.last
            if abs(now - read_at) <= (_FRESH if known else _NONE_YET):
                return known
        rows = self.session.execute(select(SearchWord.word, SearchWord.cases))
        known = Vocabulary(dict(rows.all()))
        memory.last = (now, known)
        return known


def _in_one(there: list[Word], known: Vocabulary) -> tuple[str, list[str]] | None:
    """Return the words with two neighbours joined to a known word."""
    for place, (word, following) in enumerate(pairwise(there)):
        whole = word.key + following.key
        if len(whole) > SHORTEST and known.knows(whole):
            keys = [*(w.key for w in there[:place]), whole, *(w.key for w in there[place + 2 :])]
            return " ".join(keys), [whole]
    return None


def _put(text: str, old: list[Word], new: list[str]) -> str:
    for word, other in reversed(list(zip(old, new, strict=True))):
        text = text[: word.start] + other + text[word.end :]
    return text


def _as_written(text: str, keys: list[str], source: str) -> str:
    """Return a text with keys in the spelling of a case, for instance «آسفالت», not «اسفالت»."""
    written: dict[str, str] = {}
    begins, whole = 0, ""
    for word in words(source):
        begins, whole = (begins, whole + word.key) if word.joined else (word.start, word.key)
        written.setdefault(whole, source[begins : word.end])
        written.setdefault(word.key, source[word.start : word.end])
    put = {part for key in keys for part in key.split()}
    chosen = [word for word in words(text) if word.key in put and word.key in written]
    return _put(text, chosen, [written[word.key] for word in chosen])
