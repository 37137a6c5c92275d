"""Members as objects of the API, and the rules of every change of one."""

from datetime import datetime
from typing import Annotated, TypedDict

from civicportal.core.translated import text_in
from civicportal.core.work import Work
from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.invitations import Scope
from civicportal.domain.accounts.members import DELETED, MemberService
from civicportal.domain.accounts.models import Role, User
from civicportal.domain.accounts.rights import MANAGE, NO_MORE, RightsService
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.transfer import TransferService
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService, UnknownUnit
from civicportal.util.errors import Forbidden, NotFound, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call
from civicportal.web.schema import CleanText, Node, StrictSchema

__all__ = ["MANAGE"]

READ, WRITE = "members:read", "members:write"
ROW = "{id:[1-9][0-9]{0,17}}"
MEMBER = f"/members/{ROW}"
NUMBER = "{number:[1-9][0-9]{0,17}}"
OWN = _("A token does not change the person to whom it belongs.")
NOT_DELETED = _("This account is not deleted.")


class GivenRole(TypedDict):
    """An access level, and where it holds."""

    role: Annotated[str, _("Name of the access level")]
    key: Annotated[str, _("Key of the access level")]
    unit: Annotated[str | None, _("Key of the unit; null for all")]
    category: Annotated[str | None, _("Category as kind and key with a slash; null for all")]


class RoleItem(GivenRole):
    """A role that a member has, and where."""

    id: Annotated[int, _("By which it is taken away")]


class MemberItem(TypedDict):
    """A member of staff."""

    id: int
    name: str
    username: str
    disabled: bool
    deleted: bool
    created_at: datetime
    last_seen_at: datetime | None
    roles: list[RoleItem]
    cases: Annotated[int, _("Number of cases they have to act on")]


class ChangedMember(MemberItem):
    """A member of staff after a change that may leave cases alone."""

    unattended: Annotated[
        list[str], _("Keys of units of the caller in which open cases are with no one who can work on them")
    ]


class RoleBody(StrictSchema):
    """A role for a person, and its scope."""

    role = Node(CleanText(1, 60), title=_("Key of the access level"))
    unit = Node(CleanText(1, 40), title=_("Key of the unit; without it, the whole city"), missing=None)
    category = Node(
        CleanText(1, 200), title=_("Category as kind and key with a slash; without it, all"), missing=None
    )


def scope_of(call: Call, values: Values, pointer: str = "#") -> Scope:
    """Return a role with its unit and category.

    :param values: of a :class:`RoleBody`.
    :param pointer: its place in the body.
    :raises Problem: 422 for what does not exist or is closed.
    """
    return Scope(
        role=_role(call, values["role"], f"{pointer}/role"),
        unit=_unit(call, values["unit"], f"{pointer}/unit"),
        category=_category(call, values["category"], f"{pointer}/category"),
    )


def _role(call: Call, key: str, pointer: str) -> Role:
    role = call.work.get(RoleService).by_key(key)
    if role is None:
        raise call.wrong_field(pointer, _("There is no such access level."))
    return role


def _unit(call: Call, key: str | None, pointer: str) -> Unit | None:
    if key is None:
        return None
    try:
        unit = call.work.get(OrganizationService).unit(key)
    except UnknownUnit:
        raise call.wrong_field(pointer, _("There is no such unit.")) from None
    if not unit.active:
        raise call.wrong_field(pointer, _("This unit is closed."))
    return unit


def _category(call: Call, name: str | None, pointer: str) -> Category | None:
    if name is None:
        return None
    kind, _slash, key = name.partition("/")
    category = call.work.get(OrganizationService).category(kind, key)
    if category is None or not category.active:
        raise call.wrong_field(pointer, _("There is no such category."))
    return category


def given_role(call: Call, role: Role, unit_id: int | None, category_id: int | None) -> GivenRole:
    """Return a role with its scope."""
    organization = call.work.get(OrganizationService)
    unit = organization.units.by_id.get(unit_id or 0)
    category = organization.categories.by_id.get(category_id or 0)
    return {
        "role": text_in(role, "title", call.work.locale),
        "key": role.key,
        "unit": unit.key if unit else None,
        "category": f"{category.kind}/{category.key}" if category else None,
    }


def member_item(call: Call, user: User, cases: int | None = None) -> MemberItem:
    """Return a member.

    :param cases: number of cases they have to act on; counted if None.
    """
    if cases is None:
        cases = call.work.get(TransferService).open_actions([user.id]).get(user.id, 0)
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username or "",
        "disabled": user.disabled_at is not None,
        "deleted": user.deleted_at is not None,
        "created_at": user.created_at,
        "last_seen_at": user.last_seen_at,
        "roles": [
            {"id": row.id, **given_role(call, row.role, row.unit_id, row.category_id)}
            for row in sorted(user.memberships, key=lambda row: row.id)
        ],
        "cases": cases,
    }


def changed_member(call: Call, user: User) -> ChangedMember:
    """Return a member after a change, with its version and the units in which cases are with no one."""
    tag(call, user)
    return {**member_item(call, user), "unattended": unattended(call.work)}


def unattended(work: Work) -> list[str]:
    """Return the keys of the units of the caller in which cases are with no one."""
    work.session.flush()
    return work.get(CustodyService).places(work.get(RightsService).managed_units())


def tag(call: Call, user: User) -> None:
    """Set the version of a member as the ``ETag``."""
    call.work.session.flush()
    call.tag(version(call, user))


def version(call: Call, user: User) -> int:
    """Return the version of a member: of names, state, roles and deputies, and not of what their work changes."""
    return call.version_of(
        user.id,
        user.name,
        user.username,
        user.disabled_at is not None,
        user.deleted_at is not None,
        sorted((row.id, row.role_id, row.unit_id, row.category_id) for row in user.memberships),
        [row.id for row, _deputy in call.work.get(DeputyService).of(user)],
    )


def fetch(call: Call, work: Work, *, lock: bool = False) -> User:
    """Return the member of the address.

    :raises NotFound: when there is none, or the caller does not manage them; for citizens and programs too.
    """
    user = work.get(MemberService).fetch(int(call.matched["id"]), lock=lock)
    if user.username is None or user.machine or user.erased_at is not None:
        raise NotFound("no member of staff")
    return user


def changeable(call: Call, *, deleted: bool = False) -> User:
    """Return the member of the address, locked for a change.

    :param deleted: whether the change is for deleted members.
    :raises Forbidden: for an administrator, and for the person of the token.
    :raises Problem: 412 if the call was made for another version.
    :raises Refused: for a deleted member, or one that is not.
    """
    user = fetch(call, call.work, lock=True)
    call.work.session.expire(user, ["memberships"])
    call.require_version(version(call, user))
    require_other(call.work, user)
    if (user.deleted_at is not None) != deleted:
        raise Refused(NOT_DELETED if deleted else DELETED)
    return user


def require_other(work: Work, user: User) -> None:
    """Refuse changes of administrators, and of the person to whom the token belongs.

    :raises Forbidden: for these.
    """
    if user.id == work.actor.user_id:
        raise Forbidden("a token changes its own person", OWN)
    work.get(RightsService).require_not_above(user)


def require_control(call: Call, user: User) -> None:
    """Refuse what makes the rights of an account hold again unless the caller could give them.

    :raises Forbidden: when the account gives more than the caller has.
    """
    if not call.work.get(RightsService).may_control_account(user):
        raise Forbidden("the account holds more than who opens it", NO_MORE)
