"""What the forms offer: roles, units and categories as trees, colleagues."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from civicportal.accounts.models import User
from civicportal.accounts.roles import RoleService
from civicportal.organization.editing import in_order
from civicportal.organization.services import OrganizationService
from civicportal.schema import Option

if TYPE_CHECKING:
    from civicportal.work import Work

INDENT = "\N{EM SPACE}"


def scope_options(work: "Work") -> dict[str, list[Option]]:
    """Return the choices of a role and where it counts, as bindings of a form."""
    return {"roles": role_options(work), "units": unit_options(work), "categories": category_options(work)}


def role_options(work: "Work") -> list[Option]:
    """Return every role."""
    return [Option(value=str(role.id), label=role.title) for role in work.get(RoleService).all()]


def unit_options(work: "Work") -> list[Option]:
    """Return the units that are at work, each below its parent."""
    tree = work.get(OrganizationService).units
    return [
        Option(value=str(unit.id), label=INDENT * depth + unit.name)
        for depth, unit in in_order(tree)
        if unit.active
    ]


def category_options(work: "Work") -> list[Option]:
    """Return the categories in use, grouped by the service they belong to."""
    organization = work.get(OrganizationService)
    return [
        Option(value=str(category.id), label=INDENT * depth + category.name, group=kind.title)
        for kind in work.site.kinds.values()
        for depth, category in in_order(organization.categories_of(kind.name))
        if category.active
    ]


def people_options(people: Iterable[User]) -> list[Option]:
    """Return people by name."""
    return [Option(value=str(user.id), label=user.name or user.username or "") for user in people]


def chosen_scope(work: "Work", values: dict[str, Any], ending: str = "") -> dict[str, Any]:
    """Return ``role``, ``unit`` and ``category`` of a sent form.

    :param ending: of the fields' names.
    """
    organization = work.get(OrganizationService)
    unit, category = values[f"unit{ending}"], values[f"category{ending}"]
    return {
        "role": work.get(RoleService).fetch(int(values[f"role{ending}"])),
        "unit": organization.units.by_id[int(unit)] if unit else None,
        "category": organization.categories.by_id[int(category)] if category else None,
    }
