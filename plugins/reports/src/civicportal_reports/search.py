"""Queries of reports, shared by list, counts, map and statistics."""

from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import ColumnElement, func, select

from civicportal.api.cases import OPEN_STAGES, Case
from civicportal.api.database import Service
from civicportal.api.lists import (
    NONE,
    SORTS,
    CaseFilters,
    CaseScope,
    CaseSearch,
    CounterService,
    Page,
    Rows,
    Selected,
    SuggestionService,
    Total,
    case_page,
    category_ids,
    has_one_of,
    searched_page,
    stages_of,
    unit_ids,
)
from civicportal.api.statistics import Span
from civicportal_reports.models import Report
from civicportal_reports.workflow import KIND

MOST_POINTS = 3000
"""Maximum number of points on a map."""


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """Filters of a list; empty fields have no effect.

    :ivar category: key of a root or a subcategory, or ``NONE``.
    :ivar itself: exclude subcategories.
    :ivar unit: key, including subunits; or ``NONE``.
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
        """Return the district's value in the database; empty for none."""
        return "" if self.district == NONE else self.district or ""

    @property
    def uncounted(self) -> "Filters":
        """Return the filters without stage, status, category and unit, which all counters have."""
        return replace(self, stage=None, status=None, category=None, itself=False, unit=None)


class ReportSearch(Service):
    """Queries within the actor's scope, or of published reports."""

    # -- staff ----------------------------------------------------------------------------------------------

    def query(self, filters: Filters, *columns: Selected) -> Rows:
        """Return a query for columns of the reports that the actor may see."""
        return self._filtered(filters, *columns).where(self.work.get(CaseScope).seen(KIND, filters.first_day))

    def elsewhere(self, filters: Filters, *columns: Selected) -> Rows | None:
        """Return a query for columns of reports outside the actor's own units; None if there is none."""
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
        """Return the number of filtered reports."""
        return self.session.scalar(self.query(filters, func.count())) or 0

    def total(self, filters: Filters) -> Total:
        """Return the number of reports: from the counters if possible, else counted up to the maximum of a page."""
        known = self._counted(filters)
        if known is not None:
            return known
        return self.work.get(CaseSearch).total_listed(KIND, self._filtered(filters, Case.id), filters.words)

    def instead_of(self, filters: Filters) -> str:
        """Return alternative words for a search without results; empty for none."""
        return self.work.get(SuggestionService).instead_of(
            filters.words, lambda words: self._walked(replace(filters, words=words), Case.id)
        )

    def _walked(self, filters: Filters, *columns: Selected) -> Rows:
        """Return :meth:`query` for reading one page only."""
        return self._filtered(filters, *columns).where(self.work.get(CaseScope).listed(KIND))

    # -- everybody ------------------------------------------------------------------------------------------

    def published(self, filters: Filters, *, cursor: str | None = None) -> Page:
        """Return one page of the published reports, latest first."""
        query = self._filtered(filters, Case, Report).where(Case.public)
        return case_page(self.session, query, sort=SORTS["newest"], cursor=cursor)

    def public_points(self, filters: Filters, most: int = MOST_POINTS) -> list[tuple[Case, Report]]:
        """Return the latest points of the public map."""
        query = self.public_query(filters, Case, Report).where(Report.lat.is_not(None))
        # In index order: SQLite would sort all by id.
        rows = self.session.execute(query.order_by(*SORTS["newest"].order).limit(most))
        return [(case, report) for case, report in rows]

    def public_query(self, filters: Filters, *columns: Selected) -> Rows:
        """Return the query of the public map: published reports, and open ones without details."""
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

    def _filtered(self, filters: Filters, *columns: Selected) -> Rows:
        query = select(*columns).select_from(Case)
        # Without a filter by place, only the case is needed.
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
        """Return the ids of the filtered categories, 0 for none; None for all."""
        if not filters.category:
            return None
        return category_ids(self.work, KIND, filters.category, itself=filters.itself)

    def units(self, filters: Filters) -> frozenset[int] | None:
        """Return the ids of the filtered units, 0 for none; None for all."""
        return unit_ids(self.work, filters.unit) if filters.unit else None
