"""Finding applications: one query for the desk's list, its file and its figures, so that they always agree."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from civicportal.api import (
    SORTS,
    Case,
    CaseSearch,
    FigureFilters,
    Page,
    SuggestionService,
    Total,
    Work,
    case_page,
    in_stage,
    overdue,
    sent_between,
    visible,
)
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.names import KIND


@dataclass(frozen=True, kw_only=True)
class Filters(FigureFilters):
    """What narrows a list; an empty field does not.

    :ivar zone: key of a zone.
    :ivar stage: or "open" for all that still wait for somebody.
    """

    words: str = ""
    citizen: int | None = None
    zone: str | None = None
    stage: str | None = None
    status: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    overdue: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Filters":
        """Return the filters of a form."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})


class PermitSearch:
    """Queries over what the actor may see."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.session = work.session

    def query(self, filters: Filters, *columns: Any) -> Select[Any]:
        """Return a query for columns of the applications that the actor may see."""
        return self._filtered(filters, *columns).where(visible(self.work.actor))

    def page(self, filters: Filters, *, cursor: str | None = None) -> Page:
        """Return one page of (case, permit, zone) rows, the newest first."""
        query = self._filtered(filters, Case, Permit, Zone).where(visible(self.work.actor, walked=True))
        return case_page(self.session, query, sort=SORTS["newest"], cursor=cursor)

    def total(self, filters: Filters) -> Total:
        """Return how many there are, counted no further than a page shows."""
        query = self._filtered(filters, Case.id).where(visible(self.work.actor, walked=True))
        return self.work.get(CaseSearch).total(query, filters.words, KIND)

    def instead_of(self, filters: Filters) -> str:
        """Return words that would find something in place of those that find nothing; empty for none."""
        return self.work.get(SuggestionService).instead_of(
            filters.words, lambda words: self.query(replace(filters, words=words), Case.id)
        )

    def _filtered(self, filters: Filters, *columns: Any) -> Select[Any]:
        query = select(*columns).select_from(Case).join(Permit, Permit.case_id == Case.id)
        query = query.join(Zone, Zone.id == Permit.zone_id)
        return query.where(Case.kind == KIND, *self._conditions(filters))

    def _conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        found = [sent_between(self.work.site.calendar, filters.first_day, filters.last_day)]
        found += self.work.get(CaseSearch).conditions(filters.words, filters.citizen, KIND)
        if filters.zone:
            found.append(Zone.key == filters.zone)
        if filters.stage:
            found.append(in_stage(filters.stage))
        if filters.status:
            found.append(Case.status == filters.status)
        if filters.overdue:
            found.append(overdue(self.work.clock.now()))
        return found + filters.figure_conditions(self.work.site.calendar, self.work.clock.now())
