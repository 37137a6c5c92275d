"""Invitations to the staff in the API.

The link is in the answer to the call that made it, and to the same call again; it opens with a code sent to the mobile.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, TypedDict

import colander

from civicportal.domain.accounts.errors import NumberTaken, UsernameTaken
from civicportal.domain.accounts.invitations import InvitationService
from civicportal.domain.accounts.models import Invitation
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.kartable.rest.items import OfficerItem, person_item
from civicportal.portal.members.rest.items import (
    MANAGE,
    READ,
    ROW,
    WRITE,
    GivenRole,
    RoleBody,
    given_role,
    scope_of,
)
from civicportal.portal.members.schemas import SCOPES, InvitationEntry
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import StrictSchema

PATH = "/members/invitations"
State = Literal["waiting", "expired", "used", "revoked"]


class InvitationItem(TypedDict):
    """An invitation to the staff."""

    id: int
    name: str
    username: str
    mobile: Annotated[str, _("With its middle masked")]
    roles: list[GivenRole]
    inviter: Annotated[OfficerItem | None, _("Who has made it or its present link")]
    created_at: datetime
    expires_at: Annotated[datetime, _("When its link ends")]
    state: State
    url: Annotated[
        str | None,
        _("Its link, to hand over: only for the call that made it. It opens with a code sent to the mobile"),
    ]


class InvitationBody(StrictSchema):
    """An invitation with up to three roles."""

    name = InvitationEntry()["name"].clone()
    username = InvitationEntry()["username"].clone()
    mobile = InvitationEntry()["mobile"].clone()
    roles = colander.SchemaNode(
        colander.Sequence(),
        RoleBody(name="role"),
        title=_("Access levels"),
        validator=colander.Length(max=len(SCOPES)),
    )


def invitations(call: Call) -> Listed:
    """Return a page of the invitations that wait, oldest first."""
    rows = sorted(call.work.get(InvitationService).waiting(), key=lambda row: row.id)
    found, following = call.window(rows, lambda row: row.id)
    names = call.work.get(AccountService).names(row.inviter_id for row in found)
    return Listed(items=[_item(call, row, names) for row in found], next=following)


def invite(call: Call) -> InvitationItem:
    """Invite a person with roles, of which the caller has every right there; an SMS tells them."""
    body = call.body
    if not body["roles"]:
        raise call.wrong_field("#/roles", _("Please choose at least one."))
    scopes = [scope_of(call, values, f"#/roles/{number}") for number, values in enumerate(body["roles"])]
    person = {name: body[name] for name in ("username", "name", "mobile")}
    try:
        invitation, token = call.work.get(InvitationService).invite(**person, scopes=scopes, once=_once(call))
    except UsernameTaken as refusal:
        raise call.wrong_field("#/username", refusal.reason) from refusal
    except NumberTaken as refusal:
        raise call.wrong_field("#/mobile", refusal.reason) from refusal
    return _made(call, invitation, token)


def renew(call: Call) -> InvitationItem:
    """Replace the link of an invitation, whose roles the caller could give."""
    service = call.work.get(InvitationService)
    invitation = service.fetch(int(call.matched["id"]))
    return _made(call, invitation, service.renew(invitation, once=_once(call)))


def made_again(call: Call, made: str) -> InvitationItem:
    """Return an invitation whose link was made before, with its link."""
    service = call.work.get(InvitationService)
    invitation = service.fetch(int(made))
    return _made(call, invitation, service.token_again(invitation, _once(call)))


def revoke(call: Call) -> InvitationItem:
    """Revoke an invitation; its link opens nothing any more."""
    service = call.work.get(InvitationService)
    invitation = service.fetch(int(call.matched["id"]))
    if invitation.used_at is None:
        service.revoke(invitation)
    return _made(call, invitation, None)


def _once(call: Call) -> str:
    return f"{call.caller} {call.key}"


def _made(call: Call, invitation: Invitation, token: str | None) -> InvitationItem:
    call.made(str(invitation.id))
    names = call.work.get(AccountService).names((invitation.inviter_id,))
    return _item(call, invitation, names, token)


def _item(
    call: Call, invitation: Invitation, names: Mapping[int, str], token: str | None = None
) -> InvitationItem:
    request, site = call.request, call.work.site
    state, base = _state(call, invitation), (site.public_url or request.host_url).rstrip("/")
    opens = token is not None and state == "waiting"
    return {
        "id": invitation.id,
        "name": invitation.name,
        "username": invitation.username,
        "mobile": site.country.mask_mobile(invitation.mobile),
        "roles": [
            given_role(call, scope.role, *scope.ids)
            for scope in call.work.get(InvitationService).scopes(invitation)
        ],
        "inviter": person_item(invitation.inviter_id, names),
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
        "state": state,
        "url": base + request.route_path("staff_invite", token=token) if opens else None,
    }


def _state(call: Call, invitation: Invitation) -> State:
    if invitation.used_at is not None:
        return "used"
    if invitation.revoked_at is not None:
        return "revoked"
    return "waiting" if invitation.expires_at > call.work.clock.now() else "expired"


OPERATIONS = (
    Operation(
        name="invitations.list",
        path=PATH,
        title=_("List invitations"),
        call=invitations,
        returns=InvitationItem,
        permission=MANAGE,
        scope=READ,
        is_list=True,
    ),
    Operation(
        name="invitations.create",
        path=PATH,
        title=_("Invite a person to the staff"),
        call=invite,
        again=made_again,
        returns=InvitationItem,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        body=InvitationBody,
        creates=True,
        status=201,
    ),
    Operation(
        name="invitations.renew",
        path=f"{PATH}/{ROW}/renew",
        title=_("Make a new link for an invitation"),
        call=renew,
        again=made_again,
        returns=InvitationItem,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        creates=True,
    ),
    Operation(
        name="invitations.revoke",
        path=f"{PATH}/{ROW}/revoke",
        title=_("Revoke an invitation"),
        call=revoke,
        returns=InvitationItem,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
    ),
)
