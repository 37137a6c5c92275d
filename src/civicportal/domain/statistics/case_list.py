"""The list of one kind of case.

Its pages, totals, exports and statistics use one query, so they always agree.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import DeclarativeBase

from civicportal.core.work import Service
from civicportal.domain.cases.access.indexed import in_own_counters
from civicportal.domain.cases.conditions import stages_of
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import CaseFilters, category_ids, has_one_of, unit_ids
from civicportal.domain.cases.paging import SORTS, Page, case_page
from civicportal.domain.cases.scope import CaseScope
from civicportal.domain.cases.search import CaseSearch
from civicportal.domain.cases.suggestions import SuggestionService
from civicportal.domain.statistics.exact import list_total
from civicportal.domain.statistics.lookup import CounterService
from civicportal.domain.statistics.periods import Span
from civicportal.domain.statistics.selection import Facet, Subject
from civicportal.util.lists import Total
from civicportal.util.queries import Expression, Rows, Selected
from civicportal.util.values import Values
from civicportal.web.request import Request

FiltersT = TypeVar("FiltersT", bound=CaseFilters)


class CaseList(Service, Generic[FiltersT]):
    """Base of the list of a kind of case.

    A subclass names its kind, joins its table and adds its filters.

    :cvar kind: name of the kind.
    :cvar entities: entities of a row, ``Case`` first.
    """

    kind: ClassVar[str]
    entities: ClassVar[tuple[Selected, ...]] = (Case,)

    # -- what a kind adds -----------------------------------------------------------------------------------

    def select(self, *columns: Selected) -> Rows:
        """Return a query for all cases of the kind.

        A subclass joins its tables.
        """
        return select(*columns).select_from(Case).where(Case.kind == self.kind)

    def conditions(self, filters: FiltersT) -> list[ColumnElement[bool]]:
        """Return the filters as conditions.

        A subclass adds those of its own filters.
        """
        found = filters.conditions(self.work)
        found += self.work.get(CaseSearch).conditions(filters.words, filters.citizen, self.kind)
        if filters.status:
            found.append(Case.status == filters.status)
        return found

    def counted(self, filters: FiltersT) -> Values | None:
        """Return the counter filters of the total.

        Override it if :meth:`select` or :meth:`conditions` leave out cases of the kind even without any filter. A
        subclass that filters by category or unit returns their ids as ``categories`` and ``units``, 0 for none;
        ``statuses`` stands for the status of the filters.
        """
        rest = replace(filters, stage=None, status=None, first_day=None, last_day=None)
        return {} if rest == type(filters)() else None

    # -- the list -------------------------------------------------------------------------------------------

    def filtered(self, filters: FiltersT, *columns: Selected) -> Rows:
        """Return a query for all filtered cases, whatever the actor's scope."""
        return self.select(*columns).where(*self.conditions(filters))

    def query(self, filters: FiltersT, *columns: Selected) -> Rows:
        """Return a query for the visible filtered cases."""
        seen = self.work.get(CaseScope).seen(self.kind, filters.first_day)
        return self.filtered(filters, *columns).where(seen)

    def page(self, filters: FiltersT, *, sort: str = "", cursor: str | None = None) -> Page:
        """Return one page of the visible filtered cases, as rows of :attr:`entities`.

        :param sort: "newest", "oldest", "deadline" or "updated"; another name means the order of the filters.
        :param cursor: of the address; an invalid one means the first page.
        """
        return case_page(
            self.session,
            self._listed(filters, *self.entities),
            sort=SORTS.get(sort) or SORTS[filters.order],
            cursor=cursor,
            since=filters.since(self.work),
        )

    def page_of(self, query: Rows, *, sort: str = "newest", cursor: str | None = None) -> Page:
        """Return one page of any query.

        Its first column is ``Case``; for instance that of published cases.
        """
        return case_page(self.session, query, sort=SORTS[sort], cursor=cursor)

    def total(self, filters: FiltersT) -> Total:
        """Return the number of cases, from the counters if possible, else counted up to the maximum of a page."""
        known = self.counted(filters)
        if known is not None:
            return self._from_counters(filters, known)
        query = self.filtered(filters, Case.id)
        return self.work.get(CaseSearch).total_listed(self.kind, query, filters.words)

    def shown_total(self, request: Request, filters: FiltersT, page: Page) -> Total:
        """Return the total shown above a page, exact if the URL requests that."""
        return list_total(
            request,
            self.total(filters) if page.total is None else page.total,
            lambda work: work.get(type(self)).query(filters, Case.id),
        )

    def in_other_units(self, filters: FiltersT, *columns: Selected) -> Rows | None:
        """Return a query for the filtered cases outside the actor's units.

        It is None if there is none. It is for a subclass with counters of its own, which cover the own units: see
        :meth:`own_counters`.
        """
        in_other_units = self.work.get(CaseScope).in_other_units(self.kind, filters.first_day)
        return None if in_other_units is None else self.filtered(filters, *columns).where(in_other_units)

    def own_counters(self, counter: type[DeclarativeBase]) -> ColumnElement[bool]:
        """Return the condition for counters of the actor's units.

        :param counter: a table with ``unit_id`` and ``category_id``.
        """
        return in_own_counters(self.work.actor, self.kind, counter)

    def instead_of(self, filters: FiltersT) -> str:
        """Return alternative words for a search without results; empty for none."""
        return self.work.get(SuggestionService).instead_of(
            filters.words, lambda words: self._listed(replace(filters, words=words), Case.id)
        )

    def subject(
        self,
        filters: FiltersT,
        values: Values,
        facets: Iterable[Facet],
        *,
        counted: frozenset[str] = frozenset({"category", "unit"}),
    ) -> Subject:
        """Return the subject of the statistics of the list.

        :param values: of the form of the filters, with those of
            :class:`~civicportal.domain.statistics.schemas.PeriodFields`.
        :param facets: the dimensions, default first.
        :param counted: filters that the counters have: "category" and "unit", if they mean the case's own.
        """

        def query(span: Span, *columns: Selected) -> Rows:
            return self.query(replace(filters, first_day=span.first, last_day=span.last), *columns)

        return Subject(
            kind=kind_of(self.work.site, self.kind),
            values=values,
            query=query,
            facets=tuple(facets),
            counted=counted,
        )

    # -- filters by category and unit -----------------------------------------------------------------------

    def unit_ids(self, key: str) -> frozenset[int]:
        """Return the ids of a unit and its subunits.

        0 stands for none.

        :param key: of a unit, or ``Option.NONE``.
        """
        return unit_ids(self.work, key)

    def category_ids(self, key: str, *, itself: bool = False) -> frozenset[int]:
        """Return the ids of a category and its subcategories.

        0 stands for none.

        :param key: of a category, or ``Option.NONE``.
        :param itself: without subcategories.
        """
        return category_ids(self.work, self.kind, key, itself=itself)

    @staticmethod
    def has_one_of(column: Expression, ids: Collection[int]) -> ColumnElement[bool]:
        """Return the condition that a column has one of these ids.

        0 means NULL.
        """
        return has_one_of(column, ids)

    def _from_counters(self, filters: FiltersT, known: Values) -> Total:
        """Return the number of cases from the counters."""
        return self.work.get(CounterService).total(
            self.kind,
            stages=stages_of(filters.stage) if filters.stage else None,
            statuses=known.get("statuses", [filters.status] if filters.status else None),
            categories=known.get("categories"),
            units=known.get("units"),
            span=Span(first=filters.first_day, last=filters.last_day),
        )

    def _listed(self, filters: FiltersT, *columns: Selected) -> Rows:
        """Return :meth:`query` for reading one page only."""
        return self.filtered(filters, *columns).where(self.work.get(CaseScope).listed(self.kind))
