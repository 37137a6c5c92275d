"""Facets (dimensions) of cases of every kind."""

from sqlalchemy.orm import InstrumentedAttribute
from translationstring import TranslationString

from civicportal.domain.cases.models import Case
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.selection import Facet
from civicportal.util.i18n import _

BY_UNIT, UNIT = _("By unit"), _("Unit")
SOURCE = Facet(
    name="source", title=_("By the way they came"), head=_("Came by"), column=Case.source, titles=SOURCES
)
"""Cases by channel."""


def unit_facet(
    organization: OrganizationService,
    chosen: str | None = None,
    *,
    column: InstrumentedAttribute[int | None] = Case.unit_id,
    title: TranslationString = BY_UNIT,
    head: TranslationString = UNIT,
) -> Facet:
    """Return the facet of units; as in a filtered list, cases of a unit count for its parent units too.

    :param chosen: key of the filtered unit, whose parent units are left out.
    :param column: the unit's column, if it is not the one that holds the case.
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
