"""Search of cases by words.

The index of words decides, see :mod:`civicportal.domain.cases.search_index`; the planner of the database chooses
between it and the order of the list. The index has no positions, so a phrase, or a word written with a ZWNJ, is also
compared with the words of the case. Names of citizens count only on cases whose contact the actor may see.
"""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import InstrumentedAttribute, aliased

from civicportal.core.db.connections import PLANNED_EACH_TIME
from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.query_parser import SearchTerm, read
from civicportal.domain.cases.scope import CaseScope
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.search_query import fts5_query, tsquery, tsquery_of_kind, tsquery_of_scope
from civicportal.util.lists import Total, count_rows
from civicportal.util.queries import Rows

_OTHER = aliased(Case)
_INDEX = table("case_search", column("case_id", BigInteger), column("doc"), column("rowid", BigInteger))


class CaseSearch(Service):
    """Searches cases as the actor may."""

    def matches(self, typed: str, kind: str = "") -> ColumnElement[bool]:
        """Return the condition that all words occur.

        A tracking code means its case. Use it with :func:`~civicportal.domain.cases.access.rights.visible`: on
        PostgreSQL the index returns only what the actor may see.

        :param kind: name of the only kind that the query selects.
        """
        wanted = read(typed)
        if wanted.code:
            return Case.code == wanted.code
        if not wanted.terms:
            return false()
        if self.work.writing and self._on_postgresql:
            # The index is written at the end of a transaction, but what this one has written is found too.
            self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        # Digits may be a number in a text or the beginning of a tracking code: each such term has a condition of its
        # own.
        words = [term for term in wanted.terms if not term.code]
        found = [self._found(words, kind)] if words else []
        return and_(*found, *(self._found_or_code(term, kind) for term in wanted.terms if term.code))

    def conditions(self, typed: str, citizen: int | None, kind: str = "") -> list[ColumnElement[bool]]:
        """Return the conditions of a list for what :class:`~civicportal.domain.cases.finding.SearchFields` says.

        :param citizen: only cases of this person, and of these those whose contact the actor may see.
        :param kind: name of the only kind that the query selects.
        """
        found = [self.matches(typed, kind)] if typed else []
        if citizen is not None:
            found += [Case.citizen_id == citizen, visible(self.work.actor, "contact", walked=True)]
        return found

    def total_listed(self, kind: str, query: Rows, typed: str = "") -> Total:
        """Count the visible rows of a query, up to a maximum.

        :param kind: name of the only kind that the query selects.
        :param query: selects from ``Case``; the actor need not be allowed to see it all.
        :param typed: words by which :meth:`matches` has narrowed it.
        """
        scope = self.work.get(CaseScope)
        if not typed:
            return scope.total(kind, query)
        return count_rows(self.session, query.where(scope.listed(kind)))

    @property
    def _on_postgresql(self) -> bool:
        return self.work.site.engines.dialect == "postgresql"

    def _found(self, terms: Sequence[SearchTerm], kind: str) -> ColumnElement[bool]:
        """Return the condition that each term occurs."""
        dialect = self.work.site.engines.dialect
        is_ready = SearchIndex(self.work.site.engines).is_ready(self.session)
        compared = [term for term in terms if term.is_phrase or not is_ready]
        in_words = and_(true(), *(occurs(term, Case.search_text, dialect) for term in compared))
        if not may_see_contacts(self.work.actor):
            return and_(self._indexed(terms, kind), in_words) if is_ready else in_words
        anywhere = and_(
            visible(self.work.actor, "contact", walked=True),
            *(
                or_(occurs(term, Case.search_text, dialect), occurs(term, Case.search_person, dialect))
                for term in compared
            ),
        )
        if not is_ready:
            return or_(in_words, anywhere)
        return self._indexed_with_people(terms, kind, in_words, anywhere)

    def _found_or_code(self, term: SearchTerm, kind: str) -> ColumnElement[bool]:
        """Return the condition for digits of a word or tracking code."""
        if not SearchIndex(self.work.site.engines).is_ready(self.session):
            return or_(code_begins(term.code), occurs(term, Case.search_text, self.work.site.engines.dialect))
        # Two short lists of ids: of two alternative conditions PostgreSQL would compare every case with both.
        codes = select(_OTHER.id).where(code_begins(term.code, _OTHER))
        if self._on_postgresql:
            in_words = select(_INDEX.c.case_id).where(
                _document_has(self._tsquery([term], kind, people=False))
            )
        else:
            in_words = select(_INDEX.c.rowid).where(_fts5_has(fts5_query([term], people=False)))
        return Case.id.in_(union_all(in_words, codes))

    def _indexed(self, terms: Sequence[SearchTerm], kind: str) -> ColumnElement[bool]:
        if self._on_postgresql:
            return self._in_documents(self._tsquery(terms, kind, people=False))
        return _in_fts5(fts5_query(terms, people=False))

    def _indexed_with_people(
        self,
        terms: Sequence[SearchTerm],
        kind: str,
        in_words: ColumnElement[bool],
        anywhere: ColumnElement[bool],
    ) -> ColumnElement[bool]:
        if self._on_postgresql:
            # In one subquery, which PostgreSQL joins; an alternative of two subqueries would collect all their rows.
            words = and_(_document_has(tsquery(terms, people=False)), in_words)
            return self._in_documents(self._tsquery(terms, kind, people=True), or_(words, anywhere))
        words = and_(_in_fts5(fts5_query(terms, people=False)), in_words)
        return and_(_in_fts5(fts5_query(terms, people=True)), or_(words, anywhere))

    def _tsquery(self, terms: Sequence[SearchTerm], kind: str, *, people: bool) -> str:
        scope = tsquery_of_scope(self.work.actor, kinds_of(self.work.site))
        parts = (tsquery(terms, people=people), scope, tsquery_of_kind(kind) if kind else "")
        return " & ".join(part for part in parts if part)

    @staticmethod
    def _in_documents(query: str, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        document = _INDEX.c.case_id == Case.id, _document_has(query)
        return exists(select(1).select_from(_INDEX).where(*document, *conditions).correlate(Case))


def occurs(term: SearchTerm, words: InstrumentedAttribute[str], dialect: str) -> ColumnElement[bool]:
    """Return the condition that a term occurs in a column.

    :param dialect: "sqlite" or "postgresql".
    """
    place = func.strpos if dialect == "postgresql" else func.instr
    end = "" if term.goes_on else " "
    spaced = " " + words + " "
    return or_(*(place(spaced, f" {' '.join(spelling)}{end}") > 0 for spelling in term.spellings))


def may_see_contacts(actor: Identity) -> bool:
    """Return whether there may be cases whose contact the actor may see."""
    if actor.realm == "system":
        return True
    return actor.is_staff and any(
        grant.administrator or any(name.endswith(":case:contact") for name in grant.permissions)
        for grant in actor.grants
    )


def code_begins(digits: str, case: type[Case] = Case) -> ColumnElement[bool]:
    """Return the condition that a tracking code begins with these digits.

    :param case: the alias, if a query has several.
    """
    # Both databases find a range of codes by their index; ":" follows "9".
    return and_(case.code >= digits, case.code < f"{digits}:")


def _document_has(query: str) -> ColumnElement[bool]:
    """Return the condition that a document of the index matches, on PostgreSQL."""
    # A plan for any words would be bad for most: that of a frequent word follows the list, that of a rare one the
    # index.
    words = bindparam(PLANNED_EACH_TIME, query, type_=Text, unique=True)
    return _INDEX.c.doc.op("@@", is_comparison=True)(cast(words, TSQUERY))


def _in_fts5(query: str) -> ColumnElement[bool]:
    return Case.id.in_(select(_INDEX.c.rowid).where(_fts5_has(query)))


def _fts5_has(query: str) -> ColumnElement[bool]:
    return literal_column("case_search").op("MATCH", is_comparison=True)(literal(query))
