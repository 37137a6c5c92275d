"""Form options of the organisation's trees."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from civicportal.domain.organization.editing import in_order
from civicportal.domain.organization.services import OrganizationService
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.work import Work

INDENT = "\N{EM SPACE}"


def unit_options(work: "Work", *, keep: Collection[int | None] = ()) -> list[Option]:
    """Return the active units.

    :param keep: ids of closed ones to include.
    """
    tree = work.get(OrganizationService).units
    return [
        Option(value=str(unit.id), label=INDENT * depth + unit.name)
        for depth, unit in in_order(tree)
        if unit.active or unit.id in keep
    ]


def category_options(work: "Work", *, unused: bool = False) -> list[Option]:
    """Return the categories, grouped by service.

    :param unused: include those that citizens cannot choose any more.
    """
    organization = work.get(OrganizationService)
    return [
        Option(value=str(category.id), label=INDENT * depth + category.name, group=title)
        for kind, title in work.site.kind_titles.items()
        for depth, category in in_order(organization.categories_of(kind))
        if category.active or unused
    ]
