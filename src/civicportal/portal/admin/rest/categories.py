"""One category in the API, and its changes."""

from typing import Annotated, TypedDict, cast

import colander

from civicportal.core.security import PagePermission
from civicportal.core.work import Work
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.organization import editing
from civicportal.domain.organization.categories import CategoryService
from civicportal.domain.organization.models import Category
from civicportal.domain.organization.rest import kinds
from civicportal.domain.organization.services import read_categories, read_units
from civicportal.portal.admin.arranging import CATEGORIES
from civicportal.portal.admin.icons import ICONS
from civicportal.portal.admin.rest.bodies import (
    KEY,
    READ,
    WRITE,
    PositionInOrder,
    TranslatedBody,
    chosen_unit,
    further_languages,
    own_key,
    sent_translations,
    shown_translations,
)
from civicportal.portal.admin.schemas import LeafForm, RootForm
from civicportal.portal.admin.views.categories import MOST_SYNONYMS, SEPARATORS
from civicportal.portal.admin.views.helpers import translations
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import Choice, CleanText, Flag, ListOf, Node, Option, StrictSchema

ONE = f"/categories/{{kind:[a-z][a-z0-9_]{{0,39}}}}/{KEY}"
LONGEST_SYNONYM = 48
"""All of them together fit into the field of the form."""
GREY = "none"


class CategoryTexts(TypedDict, total=False):
    """Texts of a category in another language."""

    name: str
    short_name: str
    hint: str
    synonyms: list[str]


class WholeCategory(TypedDict):
    """A category as it is written, in the language of the site."""

    kind: Annotated[str, _("Kind of case")]
    key: Annotated[str, _("Unique within the kind")]
    name: str
    short_name: Annotated[str, _("It stands in text messages.")]
    parent: Annotated[str | None, _("Key of the category above it")]
    unit: Annotated[str | None, _("Key of the responsible unit; the unit for everything else without one")]
    deadline_days: Annotated[float | None, _("Office days until the deadline")]
    hint: str
    synonyms: list[str]
    public: Annotated[bool, _("Publication is offered with the box ticked")]
    icon: str
    tint: Annotated[str, _("Colour, as in the form; “none” is grey")]
    active: Annotated[bool, _("Whether new cases may have it")]
    position: Annotated[int, _("Position among those with the same parent; 1 is the first")]
    translations: Annotated[dict[str, CategoryTexts], _("Texts of the site's further languages")]


def _no_separators(node: colander.SchemaNode, values: list[str]) -> None:
    if any(SEPARATORS.search(value) for value in values):
        raise colander.Invalid(node, _("Each word stands by itself in the list, without commas."))


class CategoryBody(TranslatedBody):
    """A category, with the fields of its form."""

    translated = ("name", "short_name", "hint", "synonyms")
    name = LeafForm()["name"].clone()
    short_name = LeafForm()["short_name"].clone()
    parent = Node(
        CleanText(1, 40), title=_("Key of the category above it; a main category without"), missing=None
    )
    unit = Node(
        CleanText(1, 40),
        title=_("Key of the responsible unit; the unit for everything else without one"),
        missing=None,
    )
    deadline_days = LeafForm()["deadline_days"].clone()
    hint = LeafForm()["hint"].clone()
    synonyms = Node(
        ListOf(CleanText(1, LONGEST_SYNONYM), max=MOST_SYNONYMS),
        title=_("Words by which people search for it"),
        missing=(),
        validator=_no_separators,
    )
    public = LeafForm()["public"].clone()
    icon = Node(
        Choice([Option(value=name, label=title) for name, title in ICONS.items()]),
        title=_("Icon"),
        description=_("Of a main category only; it stays if it is left out"),
        missing=None,
    )
    tint = Node(
        RootForm()["tint"].typ,
        title=_("Colour"),
        description=_("Of a main category only; it stays if it is left out"),
        missing=None,
    )


class NewCategory(CategoryBody):
    """A new category."""

    kind = Node(Choice("kinds"), title=_("Kind of case"))
    key = own_key()


class OfferedCategory(StrictSchema):
    """Whether new cases may have a category."""

    active = Node(Flag(), title=_("Whether new cases may have it"))


def category(call: Call) -> WholeCategory:
    """Return a category as it is written."""
    return _whole(call, _fetch(call))


def create(call: Call) -> WholeCategory:
    """Add a category, last below its parent."""
    kind = call.body["kind"]
    added = call.work.get(CategoryService).add(kind, _values(call, kind, None), key=call.body["key"])
    call.made(f"{kind}/{added.key}")
    return _whole(call, added)


def created(call: Call, made: str) -> WholeCategory:
    """Return a category that was added before."""
    kind, _slash, key = made.partition("/")
    return _whole(call, call.work.get(CategoryService).named(kind, key))


def change(call: Call) -> WholeCategory:
    """Replace the fields of a category by those of the body."""
    found = _locked(call)
    call.work.get(CategoryService).change(found, _values(call, found.kind, found))
    return _whole(call, found)


def move(call: Call) -> WholeCategory:
    """Move a category to another position."""
    found = _locked(call)
    call.work.get(CategoryService).place(found, call.body["position"])
    return _whole(call, found)


def switch(call: Call) -> WholeCategory:
    """Offer a category for new cases, or not any more."""
    found = _locked(call)
    call.work.get(CategoryService).set_active(found, call.body["active"])
    return _whole(call, found)


def delete(call: Call) -> WholeCategory:
    """Delete a category that was never used, and return what it was."""
    found = _locked(call)
    shown = _whole(call, found)
    call.work.get(CategoryService).delete(found)
    return shown


def _bindings(work: Work) -> Values:
    return {**further_languages(work), **kinds(work)}


def _fetch(call: Call, *, lock: bool = False) -> Category:
    kind = call.matched["kind"]
    if kind not in kinds_of(call.work.site):
        raise NotFound("no such kind")
    return call.work.get(CategoryService).named(kind, call.matched["key"], lock=lock)


def _locked(call: Call) -> Category:
    """Return the category of the path, locked, if it still is what the caller has read."""
    found = _fetch(call, lock=True)
    call.require_version(call.version_of(_item(call, found)))
    return found


def _values(call: Call, kind: str, found: Category | None) -> Values:
    body = call.body
    responsible = (
        unit
        for unit in read_units(call.work.session).by_id.values()
        if unit.active or (found is not None and unit.id == found.unit_id)
    )
    parent, unit = _parent(call, kind), chosen_unit(call, "unit", responsible)
    return {
        **{name: body[name] for name in ("name", "short_name", "deadline_days", "hint", "public")},
        **_look(call, found, parent),
        "parent_id": parent.id if parent else None,
        "unit_id": unit.id if unit else None,
        "synonyms": list(body["synonyms"]),
        "translations": translations(found, sent_translations(call)),
    }


def _parent(call: Call, kind: str) -> Category | None:
    key = call.body["parent"]
    if key is None:
        return None
    for one in call.work.get(CategoryService).tree(kind).by_id.values():
        if one.key == key:
            return one
    raise call.wrong_field("#/parent", _("There is no such category."))


def _look(call: Call, found: Category | None, parent: Category | None) -> Values:
    """Return icon and colour of a main category; a subcategory gets those of its parent.

    :raises Problem: 422 when the body has one for a subcategory.
    """
    icon, tint = call.body["icon"], call.body["tint"]
    for name, given in (("icon", icon), ("tint", tint)):
        if parent is not None and given is not None:
            told = _("A subcategory has the icon and the colour of its main category.")
            raise call.wrong_field(f"#/{name}", told)
    present = (found.icon, found.tint) if found else (next(iter(ICONS)), "t")
    return {
        "icon": icon or present[0],
        "tint": present[1] if tint is None else tint.removeprefix(GREY),
    }


def _whole(call: Call, found: Category) -> WholeCategory:
    """Return a category, with its version as the ETag of the answer."""
    call.work.session.flush()
    item = _item(call, found)
    call.tag(call.version_of(item))
    return item


def _item(call: Call, found: Category) -> WholeCategory:
    # Not the cached trees, which have not seen this change.
    tree = read_categories(call.work.session).of(lambda one: one.kind == found.kind)
    parent = tree.by_id.get(found.parent_id or 0)
    unit = read_units(call.work.session).by_id.get(found.unit_id or 0)
    return {
        "kind": found.kind,
        "key": found.key,
        "name": found.name,
        "short_name": found.short_name,
        "parent": parent.key if parent else None,
        "unit": unit.key if unit else None,
        "deadline_days": found.deadline_days,
        "hint": found.hint,
        "synonyms": list(found.synonyms),
        "public": found.public,
        "icon": found.icon,
        "tint": found.tint or GREY,
        "active": found.active,
        "position": editing.position(tree, found),
        "translations": cast(
            dict[str, CategoryTexts], shown_translations(call, found, CategoryBody.translated)
        ),
    }


OPERATIONS = (
    Operation(
        name="categories.show",
        path=ONE,
        title=_("Show a category as it is written"),
        call=category,
        returns=WholeCategory,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="categories.create",
        path="/categories",
        title=_("Add a category"),
        call=create,
        again=created,
        returns=WholeCategory,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=NewCategory,
        bindings=_bindings,
        creates=True,
        status=201,
    ),
    Operation(
        name="categories.update",
        path=ONE,
        title=_("Change a category"),
        call=change,
        returns=WholeCategory,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=CategoryBody,
        bindings=further_languages,
        has_version=True,
    ),
    Operation(
        name="categories.move",
        path=f"{ONE}/move",
        title=_("Move a category in its order"),
        call=move,
        returns=WholeCategory,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=PositionInOrder,
        has_version=True,
    ),
    Operation(
        name="categories.switch",
        path=f"{ONE}/active",
        title=_("Offer a category for new cases, or not any more"),
        call=switch,
        returns=WholeCategory,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        body=OfferedCategory,
        has_version=True,
    ),
    Operation(
        name="categories.delete",
        path=f"{ONE}/delete",
        title=_("Delete a category that was never used"),
        call=delete,
        returns=WholeCategory,
        method="POST",
        scope=WRITE,
        permission=CATEGORIES,
        has_version=True,
    ),
)
