"""Finding reports: one query for the desk's list, its counts, its map and the figures, so that they always agree."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from civicportal.api import (
    NONE,
    OPEN_STAGES,
    SORTS,
    Case,
    CaseFilters,
    CaseScope,
    CaseSearch,
    CounterService,
    Page,
    Service,
    Span,
    SuggestionService,
    Total,
    case_page,
    category_ids,
    has_one_of,
    searched_page,
    stages_of,
    unit_ids,
)
from civicportal_reports.models import Report
from civicportal_reports.workflow import KIND

MOST_POINTS = 3000
"""More points than this are no longer told apart on a map."""


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """What narrows a list; an empty field does not.

    :ivar category: key of a root or a leaf, or ``NONE``.
    :ivar itself: of a category without what lies below it.
    :ivar unit: key; what lies below it counts too; or ``NONE``.
    :ivar district: name, or ``NONE``.
    :ivar located: with a point on the map.
    """

    category: str | None = None
    itself: bool = False
    unit: str | None = None
    district: str | None = None
    urgent: bool = False
    located: bool = False

    @property
    def district_name(self) -> str:
        """Return what the district is called in the database; empty for none."""
        return "" if self.district == NONE else self.district or ""

    @property
    def uncounted(self) -> "Filters":
        """Return what is left without stage, status, category and unit, which all counters know."""
        return replace(self, stage=None, status=None, category=None, itself=False, unit=None)


class ReportSearch(Service):
    """Queries over what the actor may see, or over what is published."""

    # -- staff ----------------------------------------------------------------------------------------------

    def query(self, filters: Filters, *columns: Any) -> Select[Any]:
        """Return a query for columns of the reports that the actor may see."""
        return self._filtered(filters, *columns).where(self.work.get(CaseScope).seen(KIND, filters.first_day))

    def elsewhere(self, filters: Filters, *columns: Any) -> Select[Any] | None:
        """Return a query for columns of those that lie outside the actor's own units; None if there is none."""
        elsewhere = self.work.get(CaseScope).elsewhere(KIND, filters.first_day)
        query = self._filtered(filters, *columns)
        return None if elsewhere is None else query.where(elsewhere)

    def page(self, filters: Filters, *, sort: str = "newest", cursor: str | None = None) -> Page:
        """Return one page of (case, report) rows."""
        return searched_page(
            self.work,
            KIND,
            filters.words,
            partial(self._walked, filters),
            self._filtered(Filters(), Case, Report),
            sort=SORTS.get(sort, SORTS["newest"]),
            cursor=cursor,
            since=filters.since(self.work),
        )

    def count(self, filters: Filters) -> int:
        """Return how many reports the filters leave."""
        return self.session.scalar(self.query(filters, func.count())) or 0

    def total(self, filters: Filters) -> Total:
        """Return how many there are: from the counters where they know it, else counted no further than a page shows."""
        known = self._counted(filters)
        if known is not None:
            return known
        return self.work.get(CaseSearch).total_listed(KIND, self._filtered(filters, Case.id), filters.words)

    def instead_of(self, filters: Filters) -> str:
        """Return words that would find something in place of those that find nothing; empty for none."""
        return self.work.get(SuggestionService).instead_of(
            filters.words, lambda words: self._walked(replace(filters, words=words), Case.id)
        )

    def _walked(self, filters: Filters, *columns: Any) -> Select[Any]:
        """Return the same query as :meth:`query`, of which no more than a page is read."""
        return self._filtered(filters, *columns).where(self.work.get(CaseScope).listed(KIND))

    # -- everybody ------------------------------------------------------------------------------------------

    def published(self, filters: Filters, *, cursor: str | None = None) -> Page:
        """Return one page of the published reports, the latest first."""
        query = self._filtered(filters, Case, Report).where(Case.public)
        return case_page(self.session, query, sort=SORTS["newest"], cursor=cursor)

    def public_points(self, filters: Filters, most: int = MOST_POINTS) -> list[tuple[Case, Report]]:
        """Return the latest of what the public map shows."""
        query = self.public_query(filters, Case, Report).where(Report.lat.is_not(None))
        # In the order of an index: SQLite would sort them all by their ids.
        rows = self.session.execute(query.order_by(*SORTS["newest"].order).limit(most))
        return [(case, report) for case, report in rows]

    def public_query(self, filters: Filters, *columns: Any) -> Select[Any]:
        """Return a query for what the public map shows: published reports, and of open ones no more than that they are."""
        return self._filtered(filters, *columns).where(Case.public | Case.stage.in_(OPEN_STAGES))

    # -- inside ---------------------------------------------------------------------------------------------

    def _counted(self, filters: Filters) -> Total | None:
        rest = replace(filters.uncounted, first_day=None, last_day=None)
        if rest != Filters():
            return None
        return self.work.get(CounterService).total(
            KIND,
            stages=stages_of(filters.stage) if filters.stage else None,
            statuses=[filters.status] if filters.status else None,
            categories=self.categories(filters),
            units=self.units(filters),
            span=Span(first=filters.first_day, last=filters.last_day),
        )

    def _filtered(self, filters: Filters, *columns: Any) -> Select[Any]:
        query = select(*columns).select_from(Case)
        # A report is its case and nothing more where nobody asks for the place.
        if filters.district or filters.located or Report.__table__ in query.columns_clause_froms:
            query = query.join(Report, Report.case_id == Case.id)
        return query.where(Case.kind == KIND, *self._conditions(filters))

    def _conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        found = filters.conditions(self.work)
        found += self.work.get(CaseSearch).conditions(filters.words, filters.citizen, KIND)
        if filters.status:
            found.append(Case.status == filters.status)
        for column, ids in (
            (Case.category_id, self.categories(filters)),
            (Case.unit_id, self.units(filters)),
        ):
            if ids is not None:
                found.append(has_one_of(column, ids))
        if filters.district:
            found.append(Report.district == filters.district_name)
        if filters.located:
            found.append(Report.lat.is_not(None))
        if filters.urgent:
            found.append(Case.urgent.is_(True))
        return found

    def categories(self, filters: Filters) -> frozenset[int] | None:
        """Return the ids of the categories that are asked for, 0 for none; None for all."""
        if not filters.category:
            return None
        return category_ids(self.work, KIND, filters.category, itself=filters.itself)

    def units(self, filters: Filters) -> frozenset[int] | None:
        """Return the same of the units."""
        return unit_ids(self.work, filters.unit) if filters.unit else None
