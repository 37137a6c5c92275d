"""Finding cases by words: an exact rule that both databases read alike, and what makes it quick.

The rule compares words with ``Case.search_text`` and, for who may know who a citizen is, with ``Case.search_person``.
An index only proposes cases; it never decides. So that no plan of the database is a bad guess, what is rare is fetched
by the index first, and what is frequent is met soon by walking along the list itself.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    any_,
    bindparam,
    false,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from civicportal.access import reach, visible
from civicportal.cases.models import Case
from civicportal.cases.search_index import SearchIndex
from civicportal.cases.wanted import Term, Wanted, read
from civicportal.lists import Total, count_rows, more_than

if TYPE_CHECKING:
    from civicportal.work import Work

MOST_PROPOSED = 4000
"""Cases that are fetched by their ids; what more cases have is frequent."""
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
    """Cases in which all words occur, as the index knows it.

    :ivar complete: there are no others.
    """

    ids: tuple[int, ...]
    complete: bool


class CaseSearch:
    """Looks for cases as the actor may."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session
        self._is_postgresql = work.site.engines.dialect == "postgresql"
        self._proposals: dict[Wanted, Proposal | None] = {}
        self._scope: Proposal | None = None

    def matches(self, typed: str) -> ColumnElement[bool]:
        """Return the condition on ``Case`` that all words occur; a tracking code means its case.

        Names of citizens count only on cases whose contact the actor may see.
        """
        wanted = read(typed)
        if wanted.code:
            return Case.code == wanted.code
        if not wanted.terms:
            return false()
        return and_(self._narrowed(wanted), self._rule(wanted))

    def conditions(self, typed: str, citizen: int | None) -> list[ColumnElement[bool]]:
        """Return the conditions of a list for what :class:`~civicportal.cases.finding.SearchFields` says.

        :param citizen: only cases of this person, and of these those whose contact the actor may see.
        """
        found = [self.matches(typed)] if typed else []
        if citizen is not None:
            found += [Case.citizen_id == citizen, visible(self.work.actor, "contact")]
        return found

    def total(self, query: Rows, typed: str = "") -> Total:
        """Count the rows of a query, which :meth:`matches` may have narrowed by the same words; never all of many.

        :param query: selects from ``Case``.
        """
        proposal = self._proposal(read(typed)) if typed else None
        if proposal is None or proposal.complete:
            return count_rows(self.session, query)
        # Of a frequent word some thousand cases are known: how many of them the rest of the query leaves is at least
        # how many there are.
        found = count_rows(self.session, query.where(self._among(proposal.ids)))
        return more_than(found.number) if found.exact else found

    def proposal(self, typed: str) -> Proposal | None:
        """Return what the index knows of the words; None where it cannot say."""
        return self._proposal(read(typed))

    # -- the rule -------------------------------------------------------------------------------------------

    def _rule(self, wanted: Wanted) -> ColumnElement[bool]:
        words = and_(*(self._has(term, Case.search_text) for term in wanted.terms))
        known = visible(self.work.actor, "contact")
        if not self._knows_people:
            return words
        either = and_(
            *(
                or_(self._has(term, Case.search_text), self._has(term, Case.search_person))
                for term in wanted.terms
            )
        )
        return or_(words, and_(known, either))

    def _has(self, term: Term, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        place = func.strpos if self._is_postgresql else func.instr
        spaced = func.concat(" ", column, " ") if self._is_postgresql else " " + column + " "
        end = "" if term.goes_on else " "
        found = [place(spaced, f" {' '.join(spelling)}{end}") > 0 for spelling in term.spellings]
        if term.code and column is Case.search_text:
            found.append(_code_begins(term.code))
        return or_(*found)

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

    def _narrowed(self, wanted: Wanted) -> ColumnElement[bool]:
        proposal = self._proposal(wanted)
        if proposal and proposal.complete:
            return self._among(proposal.ids)
        scope = self._own_scope() if proposal else None
        return self._among(scope.ids) if scope and scope.complete else true()

    def _proposal(self, wanted: Wanted) -> Proposal | None:
        """Return what the index knows, None where it cannot say."""
        if wanted not in self._proposals:
            asked = (
                index_query(wanted, self._is_postgresql, people=self._knows_people) if wanted.terms else ""
            )
            known = asked and SearchIndex(self.work.site.engines).is_ready(self.session)
            self._proposals[wanted] = self._ask(wanted, asked) if known else None
        return self._proposals[wanted]

    def _ask(self, wanted: Wanted, asked: str) -> Proposal:
        query = _PROPOSE[self.work.site.engines.dialect]
        ids = list(self.session.scalars(query, {"query": asked, "most": MOST_PROPOSED + 1}))
        (only, *others) = wanted.terms
        if only.code and not others:
            codes = select(Case.id).where(_code_begins(only.code)).limit(MOST_PROPOSED + 1)
            ids = list({*ids, *self.session.scalars(codes)})
        return Proposal(ids=tuple(ids[:MOST_PROPOSED]), complete=len(ids) <= MOST_PROPOSED)

    def _own_scope(self) -> Proposal | None:
        """Return the cases that the actor could see at all, if they are few."""
        if self._scope is None:
            query = reach(self.work.actor)
            if query is None:
                return None
            ids = self.session.scalars(select(query.subquery()).limit(MOST_PROPOSED + 1)).all()
            self._scope = Proposal(ids=tuple(ids[:MOST_PROPOSED]), complete=len(ids) <= MOST_PROPOSED)
        return self._scope

    def _among(self, ids: tuple[int, ...]) -> ColumnElement[bool]:
        if self._is_postgresql:
            return Case.id == any_(bindparam(None, list(ids), type_=ARRAY(BigInteger)))
        return Case.id.in_(select(func.json_each(json.dumps(ids)).table_valued("value").c.value))


def _code_begins(digits: str) -> ColumnElement[bool]:
    # Both databases find a span of codes by their index; ":" is what follows "9".
    return and_(Case.code >= digits, Case.code < f"{digits}:")


def index_query(wanted: Wanted, postgresql: bool, *, people: bool) -> str:
    """Return the words as the index of the database asks for them; empty where it would say nothing.

    :param people: look into the names of citizens too.
    """
    # The beginning of a code stands in no index of words: with other words these decide, alone it is looked up.
    terms = [term for term in wanted.terms if not term.code] or list(wanted.terms)
    if postgresql:
        return " & ".join(_tsquery(term, people) for term in terms)
    asked = " AND ".join(_fts5(term) for term in terms)
    return asked if people else f"search_text : ({asked})"


def _tsquery(term: Term, people: bool) -> str:
    def run(spelling: tuple[str, ...], mark: str) -> str:
        ends = ["" for _word in spelling[:-1]] + [":*" if term.goes_on else ""]
        return (
            "(" + " & ".join(f"'{mark}{word}'{end}" for word, end in zip(spelling, ends, strict=True)) + ")"
        )

    marks = ("", "@") if people else ("",)
    return "(" + " | ".join(run(spelling, mark) for spelling in term.spellings for mark in marks) + ")"


def _fts5(term: Term) -> str:
    def run(spelling: tuple[str, ...]) -> str:
        ends = ["" for _word in spelling[:-1]] + [" *" if term.goes_on else ""]
        return "(" + " AND ".join(f'"{word}"{end}' for word, end in zip(spelling, ends, strict=True)) + ")"

    return "(" + " OR ".join(run(spelling) for spelling in term.spellings) + ")"
