"""Roles in the API: those that can be given, and giving and taking them."""

from typing import Annotated, TypedDict

from civicportal.core.translated import text_in
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.roles import RoleService
from civicportal.portal.members.rest.items import (
    MANAGE,
    MEMBER,
    NUMBER,
    READ,
    WRITE,
    ChangedMember,
    MemberItem,
    RoleBody,
    changeable,
    changed_member,
    member_item,
    scope_of,
    tag,
)
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Listed, Operation


class AccessLevelItem(TypedDict):
    """A role: a set of rights that members have."""

    key: str
    title: Annotated[str, _("Name in the caller's language")]
    permissions: Annotated[list[str], _("Names of its rights")]
    builtin: Annotated[bool, _("Whether it is that of administrators, which no program gives")]


def roles(call: Call) -> Listed:
    """Return a page of the roles."""
    service, every = call.work.get(RoleService), call.work.site.permissions
    rows, following = call.window(sorted(service.all(), key=lambda row: row.id), lambda row: row.id)
    items: list[AccessLevelItem] = [
        {
            "key": row.key,
            "title": text_in(row, "title", call.work.locale),
            "permissions": sorted(every if row.builtin else service.names(row)),
            "builtin": row.builtin,
        }
        for row in rows
    ]
    return Listed(items=items, next=following)


def give(call: Call) -> MemberItem:
    """Give a member a role, of which the caller has every right there."""
    user, scope = changeable(call), scope_of(call, call.body)
    call.work.get(MembershipService).give(user, scope.role, unit=scope.unit, category=scope.category)
    call.work.session.expire(user, ["memberships"])
    tag(call, user)
    return member_item(call, user)


def take(call: Call) -> ChangedMember:
    """Take a role away."""
    user = changeable(call)
    call.work.get(MembershipService).take(user, int(call.matched["number"]))
    return changed_member(call, user)


OPERATIONS = (
    Operation(
        name="roles.list",
        path="/roles",
        title=_("List access levels"),
        call=roles,
        returns=AccessLevelItem,
        permission=MANAGE,
        scope=READ,
        is_list=True,
    ),
    Operation(
        name="members.give_role",
        path=f"{MEMBER}/roles",
        title=_("Give a member an access level"),
        call=give,
        returns=MemberItem,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        body=RoleBody,
        has_version=True,
    ),
    Operation(
        name="members.take_role",
        path=f"{MEMBER}/roles/{NUMBER}/end",
        title=_("Take an access level away"),
        call=take,
        returns=ChangedMember,
        method="POST",
        permission=MANAGE,
        scope=WRITE,
        has_version=True,
    ),
)
