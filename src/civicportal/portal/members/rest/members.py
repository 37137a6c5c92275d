"""Members in the API: the staff whom the caller manages, without their numbers."""

from collections.abc import Callable
from typing import Annotated, TypedDict

import colander

from civicportal.domain.accounts.errors import UsernameTaken
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.kartable.transfer import TransferService, transfer
from civicportal.domain.organization.rest import wanted_unit
from civicportal.portal.members.directory import MemberDirectory, MemberQuery
from civicportal.portal.members.rest.items import (
    MANAGE,
    MEMBER,
    READ,
    WRITE,
    ChangedMember,
    MemberItem,
    changeable,
    changed_member,
    fetch,
    member_item,
    require_control,
    require_other,
    tag,
    unattended,
)
from civicportal.portal.members.schemas import STATES, CaseTransferEntry, StaffNames
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import Choice, CleanText, Node, RowId, StrictSchema, whole_number


class MembersQuery(StrictSchema):
    """The filters of members: those of their page."""

    q = Node(CleanText(1, 100), title=_("Words of the name"), missing="")
    state = Node(Choice([*STATES]), title=_("Their state; without it all but the deleted"), missing=None)
    unit = Node(
        CleanText(1, 40), title=_("Key of a unit in which, or below which, they have a role"), missing=None
    )
    role = Node(CleanText(1, 60), title=_("Key of an access level that they have"), missing=None)


def _optional(node: colander.SchemaNode) -> colander.SchemaNode:
    node = node.clone()
    node.missing = None
    return node


class MemberBody(StrictSchema):
    """What a member is called; what is left out stays."""

    name = _optional(StaffNames()["name"])
    username = _optional(StaffNames()["username"])


class TransferBody(StrictSchema):
    """Who gets the open cases of a member."""

    user = Node(
        RowId(), title=_("Id of the colleague who takes them over; without it, their units"), missing=None
    )
    note = CaseTransferEntry()["note"].clone()


class TransferItem(TypedDict):
    """What a transfer has moved."""

    to_colleague: Annotated[int, _("Number of cases that the colleague has got")]
    to_units: Annotated[int, _("Number of cases that are before their units")]
    left: Annotated[int, _("Number of cases that the member still has: call again until it is 0")]
    unattended: Annotated[
        list[str], _("Keys of units of the caller in which open cases are with no one who can work on them")
    ]


def members(call: Call) -> Listed:
    """Return a page of members, by name."""
    query = call.query
    after = None if query["cursor"] is None else whole_number(query["cursor"])
    if query["cursor"] is not None and not after:
        raise call.wrong_cursor()
    unit = wanted_unit(call)
    page = call.work.get(MemberDirectory).page(
        MemberQuery(
            q=query["q"],
            state=query["state"],
            unit=unit.id if unit else None,
            role=_wanted_role(call),
            size=query["limit"],
        ),
        after=after,
    )
    items = [member_item(call, user, page.cases.get(user.id, 0)) for user in page.rows]
    return Listed(items=items, next=str(page.next) if page.next else None)


def _wanted_role(call: Call) -> int | None:
    if call.query["role"] is None:
        return None
    role = call.work.get(RoleService).by_key(call.query["role"])
    if role is None:
        raise call.wrong_parameter("role", _("There is no such access level."))
    return role.id


def member(call: Call) -> MemberItem:
    """Return one member.

    :raises NotFound: when there is none, or the caller does not manage them.
    """
    user = fetch(call, call.work)
    tag(call, user)
    return member_item(call, user)


def update(call: Call) -> MemberItem:
    """Change what a member is called."""
    user, body = changeable(call), call.body
    try:
        call.work.get(MemberService).edit(
            user, name=body["name"] or user.name, username=body["username"] or user.username
        )
    except UsernameTaken as refusal:
        raise call.wrong_field("#/username", refusal.reason) from refusal
    tag(call, user)
    return member_item(call, user)


def disable(call: Call) -> ChangedMember:
    """Disable an account, and sign it out everywhere."""
    return _act(call, MemberService.disable)


def delete(call: Call) -> ChangedMember:
    """Delete a member, who can be restored for thirty days."""
    return _act(call, MemberService.delete)


def enable(call: Call) -> ChangedMember:
    """Enable an account again, whose rights the caller could give."""
    return _act(call, MemberService.enable, gives=True)


def restore(call: Call) -> ChangedMember:
    """Restore a deleted member, whose rights the caller could give."""
    return _act(call, MemberService.restore, gives=True, deleted=True)


def _act(
    call: Call, act: Callable[[MemberService, User], None], *, gives: bool = False, deleted: bool = False
) -> ChangedMember:
    user = changeable(call, deleted=deleted)
    if gives:
        require_control(call, user)
    act(call.work.get(MemberService), user)
    return changed_member(call, user)


def end_sessions(call: Call) -> MemberItem:
    """Sign a member out everywhere; their tokens end too."""
    user = changeable(call)
    call.work.get(RightsService).require_manage(user)
    call.work.get(SessionService).end_everything(user)
    call.work.get(AuditService).record("session:end-all", subject_id=user.id)
    tag(call, user)
    return member_item(call, user)


def pass_on(call: Call) -> TransferItem:
    """Pass on the open cases of a member, who may be disabled or deleted.

    It moves a number of them in transactions of their own, and tells how many are left.
    """
    request, heir_id = call.request, call.body["user"] or None
    # Not the unit of work of the request: that of a change would keep the transfer from writing.
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = fetch(call, work)
        require_other(work, user)
        work.get(RightsService).require_manage(user)
        heirs = {one.id for one in work.get(TransferService).heirs(user.id)} if heir_id else set()
        if heirs and heir_id not in heirs:
            raise call.wrong_field("#/user", _("This colleague is in none of the units of these cases."))
    moved = transfer(request.site, request.identity, user.id, heir_id=heir_id, note=call.body["note"])
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return {
            "to_colleague": moved.to_colleague,
            "to_units": moved.to_units,
            "left": moved.left,
            "unattended": unattended(work),
        }


OPERATIONS = (
    Operation(
        name="members.list",
        path="/members",
        title=_("List members of staff"),
        call=members,
        returns=MemberItem,
        permission=MANAGE,
        scope=READ,
        query=MembersQuery,
        is_list=True,
    ),
    Operation(
        name="members.show",
        path=MEMBER,
        title=_("Show a member of staff"),
        call=member,
        returns=MemberItem,
        permission=MANAGE,
        scope=READ,
        has_version=True,
    ),
    Operation(
        name="members.update",
        path=MEMBER,
        title=_("Change the name of a member"),
        call=update,
        returns=MemberItem,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        body=MemberBody,
        has_version=True,
    ),
    Operation(
        name="members.disable",
        path=f"{MEMBER}/disable",
        title=_("Disable a member"),
        call=disable,
        returns=ChangedMember,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        has_version=True,
    ),
    Operation(
        name="members.enable",
        path=f"{MEMBER}/enable",
        title=_("Enable a member again"),
        call=enable,
        returns=ChangedMember,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        has_version=True,
    ),
    Operation(
        name="members.delete",
        path=f"{MEMBER}/delete",
        title=_("Delete a member"),
        call=delete,
        returns=ChangedMember,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        has_version=True,
    ),
    Operation(
        name="members.restore",
        path=f"{MEMBER}/restore",
        title=_("Restore a deleted member"),
        call=restore,
        returns=ChangedMember,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        has_version=True,
    ),
    Operation(
        name="members.end_sessions",
        path=f"{MEMBER}/end-sessions",
        title=_("Sign a member out everywhere"),
        call=end_sessions,
        returns=MemberItem,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        has_version=True,
    ),
    Operation(
        name="members.transfer",
        path=f"{MEMBER}/transfer",
        title=_("Pass on the open cases of a member"),
        call=pass_on,
        returns=TransferItem,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        body=TransferBody,
    ),
)
