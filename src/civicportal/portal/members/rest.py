"""Members in the API: the staff whom the caller manages, without their numbers."""

from datetime import datetime
from typing import Annotated, TypedDict

from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import User
from civicportal.domain.organization.rest import wanted_unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.members.directory import MemberDirectory, MemberQuery
from civicportal.portal.members.schemas import STATES
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import Choice, CleanText, Node, StrictSchema, whole_number

MANAGE, SCOPE = "core:member:manage", "members:read"


class RoleItem(TypedDict):
    """A role that a member has, and where."""

    role: Annotated[str, _("Name of the access level")]
    unit: Annotated[str | None, _("Key of the unit; null for all")]
    category: Annotated[str | None, _("Category as kind and key with a slash; null for all")]


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


class MembersQuery(StrictSchema):
    """The filters of members: those of their page."""

    q = Node(CleanText(1, 100), title=_("Words of the name"), missing="")
    state = Node(Choice([*STATES]), title=_("Their state; without it all but the deleted"), missing=None)
    unit = Node(
        CleanText(1, 40), title=_("Key of a unit in which, or below which, they have a role"), missing=None
    )


def members(call: Call) -> Listed:
    """Return a page of members, by name."""
    query = call.query
    after = None if query["cursor"] is None else whole_number(query["cursor"])
    if query["cursor"] is not None and not after:
        raise call.wrong_cursor()
    unit = wanted_unit(call)
    page = call.work.get(MemberDirectory).page(
        MemberQuery(q=query["q"], state=query["state"], unit=unit.id if unit else None, size=query["limit"]),
        after=after,
    )
    items = [_item(call, user, page.cases.get(user.id, 0)) for user in page.rows]
    return Listed(items=items, next=str(page.next) if page.next else None)


def member(call: Call) -> MemberItem:
    """Return one member.

    :raises NotFound: when there is none, or the caller does not manage them.
    """
    user = call.work.get(MemberService).fetch(int(call.matched["id"]))
    if user.username is None or user.machine or user.erased_at is not None:
        raise NotFound("no member of staff")
    page = call.work.get(MemberDirectory).page(MemberQuery(citizen=user.id))
    return _item(call, user, page.cases.get(user.id, 0))


def _item(call: Call, user: User, cases: int) -> MemberItem:
    organization = call.work.get(OrganizationService)
    units, categories = organization.units.by_id, organization.categories.by_id
    roles: list[RoleItem] = []
    for row in user.memberships:
        unit, category = units.get(row.unit_id or 0), categories.get(row.category_id or 0)
        roles.append(
            {
                "role": row.role.title,
                "unit": unit.key if unit else None,
                "category": f"{category.kind}/{category.key}" if category else None,
            }
        )
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username or "",
        "disabled": user.disabled_at is not None,
        "deleted": user.deleted_at is not None,
        "created_at": user.created_at,
        "last_seen_at": user.last_seen_at,
        "roles": roles,
        "cases": cases,
    }


OPERATIONS = (
    Operation(
        name="members.list",
        path="/members",
        title=_("List members of staff"),
        call=members,
        returns=MemberItem,
        permission=MANAGE,
        scope=SCOPE,
        query=MembersQuery,
        is_list=True,
    ),
    Operation(
        name="members.show",
        path=r"/members/{id:[1-9][0-9]{0,17}}",
        title=_("Show a member of staff"),
        call=member,
        returns=MemberItem,
        permission=MANAGE,
        scope=SCOPE,
    ),
)
