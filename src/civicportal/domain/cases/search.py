"""Finding cases by words: a condition for a list of any query, and how many there are.

The rule, see :mod:`civicportal.domain.cases.search_rule`, compares words with ``Case.search_text`` and, for who may know who a citizen
is, with ``Case.search_person``. The index of words, see :mod:`civicportal.domain.cases.proposals`, only proposes cases; it never decides.
"""

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, false, true

from civicportal.core.db.ids import among
from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.proposals import Proposal, ProposalService
from civicportal.domain.cases.query_parser import read
from civicportal.domain.cases.scope import CaseScope
from civicportal.domain.cases.search_rule import rule
from civicportal.util.lists import MOST_COUNTED, Total, count_rows, more_than
from civicportal.util.queries import Rows

if TYPE_CHECKING:
    from civicportal.core.work import Work

_LOOKED_AT = 20_000
"""The latest cases that are looked at to say how many have a frequent word."""


class CaseSearch(Service):
    """Looks for cases as the actor may."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._dialect = work.site.engines.dialect
        self._proposals = work.get(ProposalService)

    def matches(self, typed: str, kind: str = "") -> ColumnElement[bool]:
        """Return the condition on ``Case`` that all words occur; a tracking code means its case.

        It goes with :func:`~civicportal.domain.cases.access.rights.visible`: the index is asked only for what the actor may see. Names of
        citizens count only on cases whose contact the actor may see.

        :param kind: name of the only kind that the query asks for.
        """
        wanted = read(typed)
        if wanted.code:
            return Case.code == wanted.code
        if not wanted.terms:
            return false()
        proposal = self._proposals.of(wanted, kind)
        if proposal and proposal.is_empty:
            return false()
        proposed = proposal.condition(self._dialect) if proposal else true()
        return and_(proposed, rule(wanted, self.work.actor, self._dialect))

    def conditions(self, typed: str, citizen: int | None, kind: str = "") -> list[ColumnElement[bool]]:
        """Return the conditions of a list for what :class:`~civicportal.domain.cases.finding.SearchFields` says.

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
        proposal = self._proposals.of(read(typed), kind) if typed else None
        if proposal and proposal.is_empty:
            return Total(0)
        if proposal is None or proposal.complete or self._proposals.newest <= _LOOKED_AT:
            return count_rows(self.session, query)
        # Of a frequent word some cases are known, or the latest are looked at: how many of them the rest of the query
        # leaves is the least there is.
        if proposal.ids:
            found = count_rows(self.session, query.where(among(Case.id, proposal.ids, self._dialect)))
        else:
            # In this order: PostgreSQL would read all that came before.
            latest = query.where(self._proposals.latest(_LOOKED_AT))
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
        return self._proposals.of(read(typed), kind)
