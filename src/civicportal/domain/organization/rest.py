"""Categories and units in the API."""

from collections.abc import Callable
from typing import Annotated, TypedDict, TypeVar

from civicportal.core.security import PagePermission
from civicportal.core.work import Work
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService, UnknownUnit
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import Choice, Flag, Node, Option, StrictSchema

Row = TypeVar("Row", Category, Unit)


class CategoryItem(TypedDict):
    """A category in the API."""

    kind: Annotated[str, _("Kind of case")]
    key: Annotated[str, _("Unique within the kind")]
    name: str
    parent: Annotated[str | None, _("Key of the category above it")]
    hint: str
    synonyms: list[str]
    icon: str
    active: Annotated[bool, _("Whether new cases may have it")]
    unit: Annotated[str | None, _("Key of the responsible unit; only for staff")]
    deadline_days: Annotated[float | None, _("Office days until the deadline; only for staff")]


class UnitItem(TypedDict):
    """A unit in the API."""

    key: str
    name: str
    short_name: str
    parent: Annotated[str | None, _("Key of the unit above it")]
    phone: str
    active: bool


class CategoryQuery(StrictSchema):
    """The filters of categories."""

    kind = Node(Choice("kinds"), title=_("Kind of case"), missing=None)
    active = Node(Flag(), title=_("Only active ones, or only others"), missing=None)


class UnitQuery(StrictSchema):
    """The filters of units."""

    active = Node(Flag(), title=_("Only active ones, or only others"), missing=None)


def kinds(work: Work) -> Values:
    """Return the kinds of cases as the choices of a filter."""
    titles = work.site.kind_titles
    return {"kinds": [Option(value=name, label=title) for name, title in titles.items()]}


def categories(call: Call) -> Listed:
    """Return a page of categories; those that are not active are for staff."""
    organization, query = call.work.get(OrganizationService), call.query
    is_staff = call.work.actor.is_staff
    tree, units = organization.categories, organization.units

    def key_of(category_id: int | None) -> str | None:
        found = tree.by_id.get(category_id or 0)
        return found.key if found else None

    def item(row: Category) -> CategoryItem:
        unit = units.by_id.get(row.unit_id or 0)
        return {
            "kind": row.kind,
            "key": row.key,
            "name": row.name,
            "parent": key_of(row.parent_id),
            "hint": row.hint,
            "synonyms": list(row.synonyms),
            "icon": row.icon,
            "active": row.active,
            "unit": unit.key if unit and is_staff else None,
            "deadline_days": row.deadline_days if is_staff else None,
        }

    known = call.work.site.kind_titles
    return _listed(
        call,
        [
            row
            for row in tree.by_id.values()
            if row.kind in known
            and (row.active or is_staff)
            and query["kind"] in (None, row.kind)
            and query["active"] in (None, row.active)
        ],
        item,
    )


def wanted_unit(call: Call) -> Unit | None:
    """Return the unit of the parameter ``unit``, None without one.

    :raises Problem: 400 when there is none with this key.
    """
    if call.query["unit"] is None:
        return None
    try:
        return call.work.get(OrganizationService).unit(call.query["unit"])
    except UnknownUnit:
        raise call.wrong_parameter("unit", _("There is no such unit.")) from None


def units(call: Call) -> Listed:
    """Return a page of units."""
    tree = call.work.get(OrganizationService).units

    def item(row: Unit) -> UnitItem:
        parent = tree.by_id.get(row.parent_id or 0)
        return {
            "key": row.key,
            "name": row.name,
            "short_name": row.short_name,
            "parent": parent.key if parent else None,
            "phone": row.phone,
            "active": row.active,
        }

    return _listed(
        call, [row for row in tree.by_id.values() if call.query["active"] in (None, row.active)], item
    )


def _listed(call: Call, rows: list[Row], item: Callable[[Row], CategoryItem | UnitItem]) -> Listed:
    """Return the page of the cursor in the order of ids, which no one changes."""
    rows = sorted(rows, key=lambda row: row.id)
    found, following = call.window(rows, lambda row: row.id)
    return Listed(items=[item(row) for row in found], next=following)


OPERATIONS = (
    Operation(
        name="categories.list",
        path="/categories",
        title=_("List categories"),
        call=categories,
        returns=CategoryItem,
        permission=PagePermission.EVERYBODY,
        query=CategoryQuery,
        bindings=kinds,
        is_list=True,
    ),
    Operation(
        name="units.list",
        path="/units",
        title=_("List units"),
        call=units,
        returns=UnitItem,
        permission=PagePermission.STAFF,
        scope="organization:read",
        query=UnitQuery,
        is_list=True,
    ),
)
