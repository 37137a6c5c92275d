"""One unit in the API, and its changes."""

from typing import Annotated, TypedDict, cast

from civicportal.core.security import PagePermission
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.usage import UsageService
from civicportal.domain.organization import editing
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.services import read_units
from civicportal.domain.organization.units import UnitService
from civicportal.portal.admin.arranging import UNITS
from civicportal.portal.admin.closing import ClosingService
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
from civicportal.portal.admin.schemas import UnitForm
from civicportal.portal.admin.views.helpers import translations
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import CleanText, Node, StrictSchema

ONE = f"/units/{KEY}"


class UnitTexts(TypedDict, total=False):
    """Texts of a unit in another language."""

    name: str
    short_name: str


class WholeUnit(TypedDict):
    """A unit as it is written, in the language of the site."""

    key: str
    name: str
    short_name: Annotated[str, _("It stands in text messages.")]
    parent: Annotated[str | None, _("Key of the unit above it")]
    phone: str
    active: Annotated[bool, _("Whether it takes new cases")]
    position: Annotated[int, _("Position among those with the same parent; 1 is the first")]
    translations: Annotated[dict[str, UnitTexts], _("Texts of the site's further languages")]


class ClosedUnit(WholeUnit):
    """A unit after it was closed, with what a person has to look after."""

    cases: Annotated[int, _("Number of its open cases, which stay in it until they are referred")]
    categories: Annotated[
        list[str],
        _("Categories that it keeps, as kind and key with a slash; their new cases go to the default unit"),
    ]
    unattended: Annotated[
        list[str], _("Keys of units in which open cases are with no one who can work on them")
    ]


class UnitBody(TranslatedBody):
    """A unit, with the fields of its form."""

    translated = ("name", "short_name")
    name = UnitForm()["name"].clone()
    short_name = UnitForm()["short_name"].clone()
    parent = Node(
        CleanText(1, 40), title=_("Key of the unit above it; it stands by itself without"), missing=None
    )
    phone = UnitForm()["phone"].clone()


class NewUnit(UnitBody):
    """A new unit."""

    key = own_key()


class Closing(StrictSchema):
    """The unit that takes over what leads to a closed one."""

    take_over = Node(
        CleanText(1, 40),
        title=_("Key of the unit that gets its categories, routing rules and automations"),
        description=_("Everything stays as it is without one"),
        missing=None,
    )


def unit(call: Call) -> WholeUnit:
    """Return a unit as it is written."""
    return _whole(call, call.work.get(UnitService).named(call.matched["key"]))


def create(call: Call) -> WholeUnit:
    """Add a unit, last below its parent."""
    added = call.work.get(UnitService).add(_values(call, None), key=call.body["key"])
    call.made(added.key)
    return _whole(call, added)


def created(call: Call, made: str) -> WholeUnit:
    """Return a unit that was added before."""
    return _whole(call, call.work.get(UnitService).named(made))


def change(call: Call) -> WholeUnit:
    """Replace the fields of a unit by those of the body."""
    found = _locked(call)
    call.work.get(UnitService).change(found, _values(call, found))
    return _whole(call, found)


def move(call: Call) -> WholeUnit:
    """Move a unit to another position."""
    found = _locked(call)
    call.work.get(UnitService).place(found, call.body["position"])
    return _whole(call, found)


def close(call: Call) -> ClosedUnit:
    """Close a unit for new cases, hand over what leads to it, and return what is left to do."""
    found = _locked(call)
    others = [one for one in read_units(call.work.session).by_id.values() if one.active and one is not found]
    call.work.get(ClosingService).close(found, chosen_unit(call, "take_over", others))
    whole, usage = _whole(call, found), call.work.get(UsageService).of(found)
    return {
        **whole,
        "cases": usage.cases,
        "categories": [f"{one.kind}/{one.key}" for one in usage.categories],
        "unattended": call.work.get(CustodyService).places(),
    }


def reopen(call: Call) -> WholeUnit:
    """Open a unit for cases again."""
    found = _locked(call)
    call.work.get(UnitService).open(found)
    return _whole(call, found)


def delete(call: Call) -> WholeUnit:
    """Delete a unit that was never used, and return what it was."""
    found = _locked(call)
    shown = _whole(call, found)
    call.work.get(UnitService).delete(found)
    return shown


def _locked(call: Call) -> Unit:
    """Return the unit of the path, locked, if it still is what the caller has read."""
    found = call.work.get(UnitService).named(call.matched["key"], lock=True)
    call.require_version(call.version_of(_item(call, found)))
    return found


def _values(call: Call, found: Unit | None) -> Values:
    offered = (
        one
        for one in read_units(call.work.session).by_id.values()
        if one.active or (found is not None and one.id == found.parent_id)
    )
    parent = chosen_unit(call, "parent", offered)
    return {
        "name": call.body["name"],
        "short_name": call.body["short_name"],
        "parent_id": parent.id if parent else None,
        "phone": call.body["phone"],
        "translations": translations(found, sent_translations(call)),
    }


def _whole(call: Call, found: Unit) -> WholeUnit:
    """Return a unit, with its version as the ETag of the answer."""
    call.work.session.flush()
    item = _item(call, found)
    call.tag(call.version_of(item))
    return item


def _item(call: Call, found: Unit) -> WholeUnit:
    # Not the cached tree, which has not seen this change.
    tree = read_units(call.work.session)
    parent = tree.by_id.get(found.parent_id or 0)
    return {
        "key": found.key,
        "name": found.name,
        "short_name": found.short_name,
        "parent": parent.key if parent else None,
        "phone": found.phone,
        "active": found.active,
        "position": editing.position(tree, found),
        "translations": cast(dict[str, UnitTexts], shown_translations(call, found, UnitBody.translated)),
    }


OPERATIONS = (
    Operation(
        name="units.show",
        path=ONE,
        title=_("Show a unit as it is written"),
        call=unit,
        returns=WholeUnit,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="units.create",
        path="/units",
        title=_("Add a unit"),
        call=create,
        again=created,
        returns=WholeUnit,
        method="POST",
        scope=WRITE,
        permission=UNITS,
        body=NewUnit,
        bindings=further_languages,
        creates=True,
        status=201,
    ),
    Operation(
        name="units.update",
        path=ONE,
        title=_("Change a unit"),
        call=change,
        returns=WholeUnit,
        method="POST",
        scope=WRITE,
        permission=UNITS,
        body=UnitBody,
        bindings=further_languages,
        has_version=True,
    ),
    Operation(
        name="units.move",
        path=f"{ONE}/move",
        title=_("Move a unit in its order"),
        call=move,
        returns=WholeUnit,
        method="POST",
        scope=WRITE,
        permission=UNITS,
        body=PositionInOrder,
        has_version=True,
    ),
    Operation(
        name="units.close",
        path=f"{ONE}/close",
        title=_("Close a unit for new cases, and hand over what leads to it"),
        call=close,
        returns=ClosedUnit,
        method="POST",
        scope=WRITE,
        permission=UNITS,
        body=Closing,
        has_version=True,
    ),
    Operation(
        name="units.open",
        path=f"{ONE}/open",
        title=_("Open a unit for cases again"),
        call=reopen,
        returns=WholeUnit,
        method="POST",
        scope=WRITE,
        permission=UNITS,
        has_version=True,
    ),
    Operation(
        name="units.delete",
        path=f"{ONE}/delete",
        title=_("Delete a unit that was never used"),
        call=delete,
        returns=WholeUnit,
        method="POST",
        scope=WRITE,
        permission=UNITS,
        has_version=True,
    ),
)
