"""What makes a search quick: which cases the index of words proposes, and when it had better not be asked.

So that no plan of the database is a bad guess, what is rare is fetched by the index first, and what is frequent is met soon
by walking along the list itself. What is neither, a word of last winter, say, is asked of the index within the query.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.util import memoized_property

from civicportal.core.db.ids import among
from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.query_parser import SearchQuery, SearchTerm
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.search_query import fts5_query, tsquery, tsquery_of_kind, tsquery_of_scope
from civicportal.domain.cases.search_rule import code_begins, knows_people, rule
from civicportal.domain.cases.suggestions import SuggestionService
from civicportal.domain.cases.vocabulary import Vocabulary

if TYPE_CHECKING:
    from civicportal.core.work import Work

MOST_PROPOSED = 2000
"""Cases that are fetched by their ids; more are asked for within the query."""
_AT_AN_END = 500
"""The latest cases, and the earliest ones, of which is asked how many have something."""
_FREQUENT = 25
"""What so many at either end have needs no index: a list meets it soon, the index would have to gather all."""
_MET = 3
"""What so many at either end have is met by walking before the index has gathered it, where it has much of it."""
_RARE = 100
"""What no more than one of so many cases has is asked of the index at once."""

_PROPOSE = {
    # The fence: without it a planner that guesses many hits reads the whole table to find none.
    "postgresql": text(
        "WITH found AS MATERIALIZED (SELECT case_id FROM case_search WHERE doc @@ CAST(:query AS tsquery))"
        " SELECT case_id FROM found LIMIT :most"
    ),
    "sqlite": text("SELECT rowid FROM case_search WHERE case_search MATCH :query LIMIT :most"),
}
#: The ids of the first case and the last. Each by itself: asked for both at once, SQLite reads the whole table.
ENDS = select(*(select(end(Case.id)).scalar_subquery() for end in (func.min, func.max)))
_DOC: ColumnElement[str] = column("doc")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Cases of the actor in which all words occur, as the index knows it.

    :ivar complete: there are no others.
    :ivar query: what the index is asked for within the query, since there are more and no list meets them soon.
    :ivar code: digits with which a tracking code may begin, besides what the index knows.
    """

    ids: tuple[int, ...] = ()
    complete: bool = False
    query: str = ""
    code: str = ""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is to be found."""
        return self.complete and not self.ids

    def condition(self, dialect: str) -> ColumnElement[bool]:
        """Return the condition on ``Case`` by which fewer of them are looked at; :func:`rule` decides.

        :param dialect: "sqlite" or "postgresql".
        """
        if self.complete:
            return among(Case.id, self.ids, dialect)
        if not self.query:
            return true()
        found = _found(self.query, dialect)
        return or_(found, code_begins(self.code)) if self.code else found


class ProposalService(Service):
    """Asks the index of words, within the reach of the actor."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._dialect = work.site.engines.dialect
        self._known: dict[tuple[SearchQuery, str], Proposal | None] = {}

    def of(self, wanted: SearchQuery, kind: str) -> Proposal | None:
        """Return what the index knows of a search; None where it cannot say.

        :param kind: name of the only kind that is asked for; empty for all.
        """
        key = (wanted, kind)
        if key not in self._known:
            is_known = wanted.terms and SearchIndex(self.work.site.engines).is_ready(self.session)
            self._known[key] = self._propose(wanted, kind) if is_known else None
        return self._known[key]

    def latest(self, number: int) -> ColumnElement[bool]:
        """Return the condition that a case is one of the latest."""
        return Case.id > self.newest - number

    @property
    def newest(self) -> int:
        """The id of the newest case. Known beforehand: of a span that a subquery names a planner would expect a third of all."""
        return self._ends[1]

    @memoized_property
    def _ends(self) -> tuple[int, int]:
        first, last = self.session.execute(ENDS).one()
        return first or 0, last or 0

    def _propose(self, wanted: SearchQuery, kind: str) -> Proposal:
        rare = self._rare_term(wanted)
        met = self._met(wanted, kind) if rare is None else None
        if met is not None and met >= _FREQUENT:
            return Proposal()
        if self.work.writing and self._dialect == "postgresql":
            # What this transaction has written itself is found too.
            self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        code = ""
        if all(term.code for term in wanted.terms):
            # Each may be the beginning of a code or a number in a text: one of them proposes, the rule asks for all.
            wanted = replace(wanted, terms=wanted.terms[:1])
            code = wanted.terms[0].code
        # What else is asked leaves little of few cases, and takes the index longer than to find these.
        ids = self._ask(self._words_query(replace(wanted, terms=(rare,)))) if rare else []
        query = self._index_query(wanted, kind)
        if rare is None or len(ids) > MOST_PROPOSED:
            ids = self._ask(query)
        if code:
            codes = select(Case.id).where(code_begins(code)).limit(MOST_PROPOSED + 1)
            ids = list({*ids, *self.session.scalars(codes)})
        if len(ids) <= MOST_PROPOSED:
            return Proposal(ids=tuple(ids), complete=True)
        met = self._met(wanted, kind) if met is None else met
        return Proposal(ids=tuple(ids[:MOST_PROPOSED]), query="" if met >= _MET else query, code=code)

    def _ask(self, query: str) -> list[int]:
        return list(
            self.session.scalars(_PROPOSE[self._dialect], {"query": query, "most": MOST_PROPOSED + 1})
        )

    def _rare_term(self, wanted: SearchQuery) -> SearchTerm | None:
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
        is_rare = not number or number <= min(MOST_PROPOSED, self.newest // _RARE)
        return rarest if is_rare else None

    def _met(self, wanted: SearchQuery, kind: str) -> int:
        """Return how many of the latest cases have it, or of the earliest ones, whichever are fewer.

        A list may begin at either end, and a word of one winter is frequent at one of them only, if at all.
        """
        (first, _last), of_kind = self._ends, [Case.kind == kind] if kind else []
        conditions = (
            rule(wanted, self.work.actor, self._dialect),
            visible(self.work.actor, walked=True),
            *of_kind,
        )
        ends = (self.latest(_AT_AN_END), Case.id < first + _AT_AN_END)
        numbers = (select(func.count()).select_from(Case).where(end, *conditions) for end in ends)
        return min(self.session.execute(select(*(number.scalar_subquery() for number in numbers))).one())

    def _index_query(self, wanted: SearchQuery, kind: str) -> str:
        words = self._words_query(wanted)
        if self._dialect != "postgresql":
            return words
        scope = tsquery_of_scope(self.work.actor, kinds_of(self.work.site))
        return " & ".join(part for part in (words, scope, tsquery_of_kind(kind) if kind else "") if part)

    def _words_query(self, wanted: SearchQuery) -> str:
        ask = tsquery if self._dialect == "postgresql" else fts5_query
        return ask(wanted, people=knows_people(self.work.actor))


def cases_of(term: SearchTerm, known: Vocabulary) -> int | None:
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


def _found(query: str, dialect: str) -> ColumnElement[bool]:
    if dialect == "postgresql":
        by_word = _DOC.op("@@")(cast(literal(query), TSQUERY))
        found = select(column("case_id", BigInteger)).select_from(table("case_search")).where(by_word)
    else:
        by_word = literal_column("case_search").op("MATCH")(literal(query))
        found = select(column("rowid", BigInteger)).select_from(table("case_search")).where(by_word)
    # The same fence as in _PROPOSE.
    fenced = found.cte().prefix_with("MATERIALIZED")
    return Case.id.in_(select(*fenced.c))
