"""Deputies of absent members in the API."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, TypedDict

from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.models import Deputy, User
from civicportal.domain.kartable.rest.items import OfficerItem
from civicportal.portal.members.rest.items import (
    MANAGE,
    MEMBER,
    NUMBER,
    READ,
    WRITE,
    ChangedMember,
    changeable,
    changed_member,
    fetch,
    tag,
)
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import CityDate, Node, RowId, StrictSchema

PATH = f"{MEMBER}/deputies"


class DeputyItem(TypedDict):
    """A colleague who stands in for a member on some days."""

    id: int
    deputy: OfficerItem
    first_day: date
    last_day: Annotated[date, _("The last day of the absence")]


class DeputyList(TypedDict):
    """The deputies of a member, today and later."""

    items: list[DeputyItem]


class DeputyBody(StrictSchema):
    """A deputy and the days of absence."""

    deputy = Node(RowId(), title=_("Id of the colleague"))
    first_day = Node(CityDate(), title=_("First day"))
    last_day = Node(CityDate(), title=_("Last day"))


def deputies(call: Call) -> DeputyList:
    """Return the deputies of a member, today and later."""
    user = fetch(call, call.work)
    tag(call, user)
    return _list(call.work.get(DeputyService).of(user))


def add(call: Call) -> DeputyList:
    """Set a deputy, who gets the rights of the member on these days: the caller has to have them all."""
    user, body, service = changeable(call), call.body, call.work.get(DeputyService)
    service.add(user, body["deputy"], body["first_day"], body["last_day"])
    tag(call, user)
    return _list(service.of(user))


def end(call: Call) -> ChangedMember:
    """End a deputyship, or call it off."""
    user = changeable(call)
    call.work.get(DeputyService).end(user, int(call.matched["number"]))
    return changed_member(call, user)


def _list(rows: Sequence[tuple[Deputy, User]]) -> DeputyList:
    return {
        "items": [
            {
                "id": row.id,
                "deputy": {"id": deputy.id, "name": deputy.name},
                "first_day": row.first_day,
                "last_day": row.last_day,
            }
            for row, deputy in rows
        ]
    }


OPERATIONS = (
    Operation(
        name="deputies.list",
        path=PATH,
        title=_("List the deputies of a member"),
        call=deputies,
        returns=DeputyList,
        permission=MANAGE,
        scope=READ,
        has_version=True,
    ),
    Operation(
        name="deputies.create",
        path=PATH,
        title=_("Set a deputy of a member"),
        call=add,
        returns=DeputyList,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        body=DeputyBody,
        has_version=True,
    ),
    Operation(
        name="deputies.end",
        path=f"{PATH}/{NUMBER}/end",
        title=_("End a deputyship"),
        call=end,
        returns=ChangedMember,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        has_version=True,
    ),
)
