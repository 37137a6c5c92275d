"""Finding applications: one query for the desk's list, its file and its figures, so that they always agree."""

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, select

from civicportal.api.cases import Case
from civicportal.api.database import Service
from civicportal.api.lists import (
    SORTS,
    CaseFilters,
    CaseScope,
    CaseSearch,
    Page,
    Rows,
    Selected,
    SuggestionService,
    Total,
    case_page,
)
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.names import KIND


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """What narrows a list; an empty field does not.

    :ivar zone: key of a zone.
    """

    zone: str | None = None


class PermitSearch(Service):
    """Queries over what the actor may see."""

    def query(self, filters: Filters, *columns: Selected) -> Rows:
        """Return a query for columns of the applications that the actor may see."""
        return self._filtered(filters, *columns).where(self.work.get(CaseScope).seen(KIND, filters.first_day))

    def page(self, filters: Filters, *, cursor: str | None = None) -> Page:
        """Return one page of (case, permit, zone) rows, the newest first."""
        query = self._filtered(filters, Case, Permit, Zone).where(self.work.get(CaseScope).listed(KIND))
        return case_page(self.session, query, sort=SORTS["newest"], cursor=cursor)

    def total(self, filters: Filters) -> Total:
        """Return how many there are, counted no further than a page shows."""
        query = self._filtered(filters, Case.id)
        return self.work.get(CaseSearch).total_listed(KIND, query, filters.words)

    def instead_of(self, filters: Filters) -> str:
        """Return words that would find something in place of those that find nothing; empty for none."""
        return self.work.get(SuggestionService).instead_of(
            filters.words, lambda words: self.query(replace(filters, words=words), Case.id)
        )

    def _filtered(self, filters: Filters, *columns: Selected) -> Rows:
        query = select(*columns).select_from(Case).join(Permit, Permit.case_id == Case.id)
        query = query.join(Zone, Zone.id == Permit.zone_id)
        return query.where(Case.kind == KIND, *self._conditions(filters))

    def _conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        found = filters.conditions(self.work)
        found += self.work.get(CaseSearch).conditions(filters.words, filters.citizen, KIND)
        if filters.zone:
            found.append(Zone.key == filters.zone)
        if filters.status:
            found.append(Case.status == filters.status)
        return found
