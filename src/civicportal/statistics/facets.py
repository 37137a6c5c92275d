"""By what cases of every kind can be told apart."""

from typing import Any

from civicportal.cases.models import Case
from civicportal.cases.sources import SOURCES
from civicportal.i18n import _
from civicportal.organization.services import OrganizationService
from civicportal.statistics.selection import Facet

BY_UNIT, UNIT = _("By unit"), _("Unit")
SOURCE = Facet(
    name="source", title=_("By the way they came"), head=_("Came by"), column=Case.source, titles=SOURCES
)
"""Cases by the way they came in."""


def unit_facet(
    organization: OrganizationService,
    chosen: str | None = None,
    *,
    column: Any = Case.unit_id,
    title: Any = BY_UNIT,
    head: Any = UNIT,
) -> Facet:
    """Return the facet of units; as in a list that is filtered by one, a unit counts in those above it too.

    :param chosen: key of the unit that is asked for: those above it would lead to more than is counted.
    :param column: of the unit, where another is meant than the one that holds the case.
    """
    units = organization.units
    root = next((unit.id for unit in units.by_id.values() if unit.key == chosen), None)
    inside = units.subtree(root) if root else units.by_id.keys()

    def groups(unit_id: int | None) -> tuple[str, ...]:
        return tuple(unit.key for unit in units.path(unit_id) if unit.id in inside) or ("",)

    return Facet(
        name="unit",
        title=title,
        head=head,
        column=column,
        groups=groups,
        titles={unit.key: unit.name for unit in units.by_id.values()},
        counter="unit_id" if column is Case.unit_id else "",
    )
