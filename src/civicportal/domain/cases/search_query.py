"""Queries of the index of words, in the language of each database."""

from collections.abc import Iterable

from civicportal.core.security import Identity
from civicportal.domain.cases.access.indexed import scope_parts
from civicportal.domain.cases.access.sql import persons
from civicportal.domain.cases.query_parser import SearchTerm


def tsquery(terms: Iterable[SearchTerm], *, people: bool) -> str:
    """Return the words for PostgreSQL.

    :param people: look into the names of citizens too.
    """
    return _all(_ts_term(term, people) for term in terms)


def fts5_query(terms: Iterable[SearchTerm], *, people: bool) -> str:
    """Return the words for SQLite.

    :param people: look into the names of citizens too.
    """
    asked = " AND ".join(_fts5_term(term) for term in terms)
    return asked if people else f"search_text : ({asked})"


def tsquery_of_scope(identity: Identity, kinds: Iterable[str]) -> str:
    """Return the PostgreSQL condition on the actor's scope.

    It is empty for an unlimited scope.

    :param kinds: the kinds of cases of the site.
    """
    parts = []
    for part in scope_parts(identity):
        of_kind = part.kinds if part.kinds is not None and not part.kinds.issuperset(kinds) else None
        sides = (("k", of_kind), ("u", part.units), ("c", part.categories))
        asked = [
            _any(f"'#{mark}{value}'" for value in sorted(side)) for mark, side in sides if side is not None
        ]
        if not asked:
            return ""
        parts.append(_all(asked))
    return _any([*parts, *(f"'#p{person}'" for person in sorted(persons(identity)))])


def tsquery_of_kind(kind: str) -> str:
    """Return one kind for PostgreSQL."""
    return f"'#k{kind}'"


def _ts_term(term: SearchTerm, people: bool) -> str:
    marks = ("", "@") if people else ("",)
    return _any(_ts_run(spelling, mark, term.goes_on) for spelling in term.spellings for mark in marks)


def _ts_run(spelling: tuple[str, ...], mark: str, goes_on: bool) -> str:
    *first, last = (f"'{mark}{word}'" for word in spelling)
    return _all([*first, last + (":*" if goes_on else "")])


def _fts5_term(term: SearchTerm) -> str:
    return "(" + " OR ".join(_fts5_run(spelling, term.goes_on) for spelling in term.spellings) + ")"


def _fts5_run(spelling: tuple[str, ...], goes_on: bool) -> str:
    *first, last = (f'"{word}"' for word in spelling)
    return "(" + " AND ".join([*first, last + (" *" if goes_on else "")]) + ")"


def _all(parts: Iterable[str]) -> str:
    return "(" + " & ".join(parts) + ")"


def _any(parts: Iterable[str]) -> str:
    return "(" + " | ".join(parts) + ")"
