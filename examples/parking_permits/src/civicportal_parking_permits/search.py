"""Search of applications: one query for the desk's list, its export and its statistics, so that they agree."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from civicportal.api.cases import Case
from civicportal.api.lists import (
    CaseFilters,
    CaseList,
    Rows,
    Selected,
)
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.names import KIND


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """Filters of a list; an empty field does not filter.

    :ivar zone: key of a zone.
    """

    zone: str | None = None


class PermitSearch(CaseList[Filters]):
    """The list of applications; each row has its zone too."""

    kind = KIND
    entities = (Case, Permit, Zone)

    def select(self, *columns: Selected) -> Rows:
        """Return a query for columns of all applications."""
        query = super().select(*columns).join(Permit, Permit.case_id == Case.id)
        return query.join(Zone, Zone.id == Permit.zone_id)

    def conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        """Return the filters as conditions."""
        found = super().conditions(filters)
        if filters.zone:
            found.append(Zone.key == filters.zone)
        return found
