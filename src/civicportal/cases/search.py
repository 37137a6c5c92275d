"""Finding cases by words: an exact rule that both databases read alike, and what makes it quick.

The rule compares words with ``Case.search_text`` and, for who may know who a citizen is, with ``Case.search_person``.
An index only proposes cases; it never decides. So that no plan of the database is a bad guess, what is rare is fetched
by the index first, and what is frequent is met soon by walking along the list itself.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.util import memoized_property

from civicportal.access import visible
from civicportal.cases.models import Case
from civicportal.cases.scope import CaseScope
from civicportal.cases.search_index import SearchIndex
from civicportal.cases.search_query import fts5_query, tsquery, tsquery_of_kind, tsquery_of_scope
from civicportal.cases.suggestions import SuggestionService
from civicportal.cases.vocabulary import Vocabulary
from civicportal.cases.wanted import Term, Wanted, read
from civicportal.hints import Rare
from civicportal.ids import among
from civicportal.lists import MOST_COUNTED, Total, count_rows, more_than

if TYPE_CHECKING:
    from civicportal.work import Work

MOST_PROPOSED = 2000
"""Cases that are fetched by their ids; what more cases have is frequent."""
_LATEST = 500
_FREQUENT = 25
"""What so many of the latest cases have needs no index: a list meets it soon, the index would have to gather all."""
_RARE = 100
"""What no more than one of so many cases has is asked of the index at once."""
_LOOKED_AT = 20_000
"""The latest cases that are looked at to say how many have a frequent word."""
Rows = Select[*tuple[Any, ...]]

_PROPOSE = {
    # The fence: without it a planner that guesses many hits reads the whole table to find none.
    "postgresql": text(
        "WITH found AS MATERIALIZED (SELECT case_id FROM case_search WHERE doc @@ CAST(:query AS tsquery))"
        " SELECT case_id FROM found LIMIT :most"
    ),
    "sqlite": text("SELECT rowid FROM case_search WHERE case_search MATCH :query LIMIT :most"),
}


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Cases of the actor in which all words occur, as the index knows it.

    :ivar complete: there are no others.
    """

    ids: tuple[int, ...] = ()
    complete: bool = False

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is to be found."""
        return self.complete and not self.ids


class CaseSearch:
    """Looks for cases as the actor may."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session
        self._is_postgresql = work.site.engines.dialect == "postgresql"
        self._proposals: dict[tuple[Wanted, str], Proposal | None] = {}

    def matches(self, typed: str, kind: str = "") -> ColumnElement[bool]:
        """Return the condition on ``Case`` that all words occur; a tracking code means its case.

        It goes with :func:`~civicportal.access.visible`: the index is asked only for what the actor may see. Names of
        citizens count only on cases whose contact the actor may see.

        :param kind: name of the only kind that the query asks for.
        """
        wanted = read(typed)
        if wanted.code:
            return Case.code == wanted.code
        if not wanted.terms:
            return false()
        proposal = self._proposal(wanted, kind)
        if proposal and proposal.is_empty:
            return false()
        narrowed = (
            among(Case.id, proposal.ids, self.work.site.engines.dialect)
            if proposal and proposal.complete
            else true()
        )
        return and_(narrowed, self._rule(wanted))

    def occur(self, typed: str, column: Any) -> ColumnElement[bool]:
        """Return the condition that all words occur in a column of a plugin's own table, as :meth:`matches` reads them.

        :param column: of texts that :func:`~civicportal.persian.folded` returned.
        """
        terms = read(typed).terms
        return (
            and_(*(occurs(term, column, self.work.site.engines.dialect) for term in terms))
            if terms
            else false()
        )

    def conditions(self, typed: str, citizen: int | None, kind: str = "") -> list[ColumnElement[bool]]:
        """Return the conditions of a list for what :class:`~civicportal.cases.finding.SearchFields` says.

        :param citizen: only cases of this person, and of these those whose contact the actor may see.
        :param kind: name of the only kind that the query asks for.
        """
        found = [self.matches(typed, kind)] if typed else []
        if citizen is not None:
            found += [Case.citizen_id == citizen, visible(self.work.actor, "contact", walked=True)]
        return found

    def total(self, query: Rows, typed: str = "", kind: str = "") -> Total:
        """Count the rows of a query, which :meth:`matches` may have narrowed by the same words; never all of many.

        :param query: selects from ``Case`` what the actor may see.
        :param kind: name of the only kind that the query asks for.
        """
        proposal = self._proposal(read(typed), kind) if typed else None
        if proposal and proposal.is_empty:
            return Total(0)
        if proposal is None or proposal.complete or self._newest <= _LOOKED_AT:
            return count_rows(self.session, query)
        # Of a frequent word some cases are known, or the latest are looked at: how many of them the rest of the query
        # leaves is the least there is.
        if proposal.ids:
            found = count_rows(
                self.session, query.where(among(Case.id, proposal.ids, self.work.site.engines.dialect))
            )
        else:
            # In this order: PostgreSQL would read all that came before.
            latest = query.where(self._latest(_LOOKED_AT))
            found = count_rows(self.session, latest, MOST_COUNTED, Case.id.desc())
        return more_than(found.number) if found.exact else found

    def total_listed(self, kind: str, query: Rows, typed: str = "") -> Total:
        """Count what the actor may see of the rows of a query; never all of many.

        :param kind: name of the only kind that the query asks for.
        :param query: selects from ``Case``; the actor need not be allowed to see it all.
        :param typed: words by which :meth:`matches` has narrowed it.
        """
        scope = self.work.get(CaseScope)
        if not typed:
            return scope.total(kind, query)
        return self.total(query.where(scope.listed(kind)), typed, kind)

    def proposal(self, typed: str, kind: str = "") -> Proposal | None:
        """Return what the index knows of the words; None where it cannot say."""
        return self._proposal(read(typed), kind)

    # -- the rule -------------------------------------------------------------------------------------------

    def _rule(self, wanted: Wanted) -> ColumnElement[bool]:
        words = and_(*(self._has(term, Case.search_text) for term in wanted.terms))
        if not self._knows_people:
            return words
        known = visible(self.work.actor, "contact", walked=True)
        either = (
            or_(self._has(term, Case.search_text), self._has(term, Case.search_person))
            for term in wanted.terms
        )
        return or_(words, and_(*either, known))

    def _has(self, term: Term, column: Any) -> ColumnElement[bool]:
        found = occurs(term, column, self.work.site.engines.dialect)
        return or_(found, _code_begins(term.code)) if term.code and column is Case.search_text else found

    @property
    def _knows_people(self) -> bool:
        actor = self.work.actor
        if actor.door == "system":
            return True
        return actor.is_staff and any(
            grant.administrator or any(name.endswith(":case:contact") for name in grant.permissions)
            for grant in actor.grants
        )

    # -- what makes it quick --------------------------------------------------------------------------------

    def _proposal(self, wanted: Wanted, kind: str) -> Proposal | None:
        key = (wanted, kind)
        if key not in self._proposals:
            known = wanted.terms and SearchIndex(self.work.site.engines).is_ready(self.session)
            self._proposals[key] = self._propose(wanted, kind) if known else None
        return self._proposals[key]

    def _propose(self, wanted: Wanted, kind: str) -> Proposal:
        rare = self._rare_term(wanted)
        if rare is None and self._is_frequent(wanted, kind):
            return Proposal()
        if self.work.writing and self._is_postgresql:
            # What this transaction has written itself is found too.
            self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        # What else is asked leaves little of few cases, and takes the index longer than to find these.
        ids = self._ask(self._words_query(replace(wanted, terms=(rare,)))) if rare else []
        if rare is None or len(ids) > MOST_PROPOSED:
            ids = self._ask(self._index_query(wanted, kind))
        (only, *others) = wanted.terms
        if only.code and not others:
            codes = select(Case.id).where(_code_begins(only.code)).limit(MOST_PROPOSED + 1)
            ids = list({*ids, *self.session.scalars(codes)})
        return Proposal(ids=tuple(ids[:MOST_PROPOSED]), complete=len(ids) <= MOST_PROPOSED)

    def _ask(self, query: str) -> list[int]:
        asked = {"query": query, "most": MOST_PROPOSED + 1}
        return list(self.session.scalars(_PROPOSE[self.work.site.engines.dialect], asked))

    def _rare_term(self, wanted: Wanted) -> Term | None:
        """Return the term that the fewest cases have, if they are so few that no list meets one soon; else None."""
        known = self.work.get(SuggestionService).vocabulary()
        if not known:
            return None
        numbers = {term: cases_of(term, known) for term in wanted.terms}
        counted = {term: number for term, number in numbers.items() if number is not None}
        rarest = min(counted, key=lambda term: counted[term], default=None)
        if rarest is None:
            return None
        number = counted[rarest]
        is_rare = not number or number <= min(MOST_PROPOSED, self._newest // _RARE)
        return rarest if is_rare else None

    def _is_frequent(self, wanted: Wanted, kind: str) -> bool:
        """Tell whether so many of the latest cases have it that a list soon meets a page of them."""
        latest = select(func.count()).select_from(Case).where(self._latest(_LATEST), self._rule(wanted))
        if kind:
            latest = latest.where(Case.kind == kind)
        return (self.session.scalar(latest.where(visible(self.work.actor, walked=True))) or 0) >= _FREQUENT

    def _index_query(self, wanted: Wanted, kind: str) -> str:
        words = self._words_query(wanted)
        if not self._is_postgresql:
            return words
        scope = tsquery_of_scope(self.work.actor, self.work.site.kinds)
        return " & ".join(part for part in (words, scope, tsquery_of_kind(kind) if kind else "") if part)

    def _words_query(self, wanted: Wanted) -> str:
        return (tsquery if self._is_postgresql else fts5_query)(wanted, people=self._knows_people)

    def _latest(self, number: int) -> ColumnElement[bool]:
        return Rare(Case.id > self._newest - number)

    @memoized_property
    def _newest(self) -> int:
        """The id of the newest case. Known beforehand: of a span that a subquery names a planner would expect a third of all."""
        return self.session.scalar(select(func.max(Case.id))) or 0


def cases_of(term: Term, known: Vocabulary) -> int | None:
    """Return in how many cases a term occurs at most, about; None where its words are not counted."""
    found = 0
    for spelling in term.spellings:
        *first, last = spelling
        numbers = [known.cases(last, term.goes_on), *(known.cases(word, goes_on=False) for word in first)]
        counted = [number for number in numbers if number is not None]
        if not counted:
            return None
        found += min(counted)
    return found


def occurs(term: Term, column: Any, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a term occurs in a column of words as :func:`civicportal.persian.folded` keeps them."""
    place = func.strpos if dialect == "postgresql" else func.instr
    end = "" if term.goes_on else " "
    spaced = " " + column + " "
    return or_(*(place(spaced, f" {' '.join(spelling)}{end}") > 0 for spelling in term.spellings))


def _code_begins(digits: str) -> ColumnElement[bool]:
    # Both databases find a span of codes by their index; ":" is what follows "9".
    return and_(Case.code >= digits, Case.code < f"{digits}:")
