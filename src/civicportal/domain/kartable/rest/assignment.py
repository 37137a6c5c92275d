"""Assignment of cases to colleagues in the API."""

from typing import Annotated, TypedDict

from civicportal.core.security import PagePermission
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.schemas import LONGEST_WORDS
from civicportal.domain.kartable.addressees import offered
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.facts import FactsService
from civicportal.domain.kartable.rest.cases import CODE, READ, fetch
from civicportal.domain.kartable.rest.items import OfficerItem, WholeCase, person_item
from civicportal.domain.kartable.rest.steps import act_on, change_operation
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.organization.services import OrganizationService, UnknownUnit
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import CleanText, Node, RowId, StrictSchema


class AssignmentItem(TypedDict):
    """Who has a case in hand, and to whom the caller may assign it."""

    holder: Annotated[OfficerItem | None, _("Who has it in hand; none if it lies before the whole unit")]
    possible: Annotated[bool, _("Whether the caller may assign it")]
    take_over: Annotated[bool, _("Whether the caller may take it over from its holder")]
    colleagues: Annotated[list[OfficerItem], _("The officers of its unit who may work on it")]


class Assigned(StrictSchema):
    """The colleague to whom a case is assigned."""

    user = Node(RowId(), title=_("Id of an officer of the unit; the whole unit without it"), missing=None)
    note = Node(CleanText(0, LONGEST_WORDS, multiline=True), title=_("Note to the recipient"), missing="")


def people(call: Call) -> Listed:
    """Return the people of a unit, to whom cases may be referred."""
    try:
        unit = call.work.get(OrganizationService).unit(call.matched["key"])
    except UnknownUnit as unknown:
        raise NotFound("no such unit") from unknown
    rows = sorted(offered(call.work).get(unit.id, ()))
    found, following = call.window(rows, lambda row: row[0])
    return Listed(items=[{"id": user_id, "name": name} for user_id, name in found], next=following)


def assignment(call: Call) -> AssignmentItem:
    """Return who has a case, and to whom it may be assigned."""
    case = fetch(call)
    call.tag(case.version)
    rights = call.work.get(FactsService).rights(case)
    referral, holder = rights.referral, holder_id(rights.referral)
    may = referral is not None and rights.hand_over
    officers = call.work.get(CustodyService).officers(referral.to_unit_id) if referral and may else {}
    names = call.work.get(AccountService).names([holder])
    return {
        "holder": person_item(holder, names),
        "possible": may,
        "take_over": rights.take_over,
        "colleagues": [
            {"id": user_id, "name": name} for user_id, name in officers.items() if user_id != holder
        ],
    }


def assign(call: Call) -> WholeCase:
    """Assign a case to a colleague, or return it to the whole unit."""
    user_id, note = call.body["user"], call.body["note"]
    service = call.work.get(AssignmentService)
    return act_on(call, lambda case: service.assign(case, user_id or None, note=note))


def take_over(call: Call) -> WholeCase:
    """Take over a case that a colleague holds."""
    return act_on(call, lambda case: call.work.get(AssignmentService).take_over(case))


OPERATIONS = (
    Operation(
        name="units.people",
        path="/units/{key:[A-Za-z0-9_-]{1,40}}/people",
        title=_("List the people of a unit"),
        call=people,
        returns=OfficerItem,
        scope="organization:read",
        permission=PagePermission.STAFF,
        is_list=True,
    ),
    Operation(
        name="cases.assignment",
        path=f"/cases/{CODE}/assignment",
        title=_("Show to whom a case may be assigned"),
        call=assignment,
        returns=AssignmentItem,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    change_operation(
        "assign", "assignment", _("Assign a case to a colleague, or to the whole unit"), assign, Assigned
    ),
    change_operation("take_over", "take-over", _("Take over the case of a colleague"), take_over),
)
