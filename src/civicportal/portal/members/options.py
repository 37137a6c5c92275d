"""Form options: roles, their scopes, colleagues."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from civicportal.core.translated import text_in
from civicportal.domain.accounts.models import Role, User
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.organization.choices import category_options, unit_options
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.values import Values
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.work import Work


def scope_options(work: "Work") -> dict[str, list[Option]]:
    """Return the options of role, unit and category."""
    managed = work.get(RightsService).managed_units()
    units = [option for option in unit_options(work) if managed is None or int(option.value) in managed]
    return {"roles": role_options(work), "units": units, "categories": category_options(work)}


def role_options(work: "Work") -> list[Option]:
    """Return every role."""
    roles = work.get(RoleService).all()
    return [Option(value=str(role.id), label=text_in(role, "title", work.locale)) for role in roles]


def people_options(people: Iterable[User]) -> list[Option]:
    """Return people, ordered by name."""
    return [Option(value=str(user.id), label=user.name or user.username or "") for user in people]


class ChosenScope(TypedDict):
    """Role, unit and category of a membership."""

    role: Role
    unit: Unit | None
    category: Category | None


def chosen_scope(work: "Work", values: Values, ending: str = "") -> ChosenScope:
    """Return ``role``, ``unit`` and ``category`` of a submitted form.

    :param ending: of the fields' names.
    """
    organization = work.get(OrganizationService)
    unit, category = values[f"unit{ending}"], values[f"category{ending}"]
    return {
        "role": work.get(RoleService).fetch(int(values[f"role{ending}"])),
        "unit": organization.units.by_id[int(unit)] if unit else None,
        "category": organization.categories.by_id[int(category)] if category else None,
    }
