"""Copies and inquiries in the API: what other units read of a case, and what they are asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, TypedDict, cast

from civicportal.core.security import PagePermission
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.schemas import LONGEST_WORDS
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.inquiries import InquiryService
from civicportal.domain.kartable.rest.cases import CODE, READ, EventItem, fetch
from civicportal.domain.kartable.rest.items import (
    NamedItem,
    OfficerItem,
    WholeCase,
    named_unit,
    person_item,
)
from civicportal.domain.kartable.rest.notes import event_again, made_event
from civicportal.domain.kartable.rest.steps import WRITE, Referred, act_on, addressee, changed
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.schemas import InquiryAnswer
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.types import Addressee
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import CleanText, Node, RowId

PATH = f"/cases/{CODE}/inquiries"
ROW = "{id:[1-9][0-9]{0,17}}"
State = Literal["open", "answered", "withdrawn", "closed"]


class InquiryItem(TypedDict):
    """An inquiry to another unit about a case."""

    id: int
    unit: Annotated[NamedItem | None, _("The unit that was asked")]
    person: Annotated[OfficerItem | None, _("The person who was asked, or has it in hand")]
    question: str
    asked_at: datetime
    read: Annotated[bool, _("Whether it was opened there")]
    state: State
    answer: str
    ended_at: datetime | None


class Asked(Referred):
    """The addressee of an inquiry, and the question."""

    note = Node(CleanText(1, LONGEST_WORDS, multiline=True), title=_("Question"))


class AnsweredInquiry(InquiryAnswer):
    """The answer to an inquiry."""

    inquiry = Node(
        RowId(), title=_("Id of the inquiry, needed if several wait in the caller's kartable"), missing=None
    )


def copy(call: Call) -> EventItem:
    """Send a copy to a unit or a person of it."""
    case, to = _unchanged(call), addressee(call)
    _require_reader(call, case, to)
    event = call.work.get(KartableService).copy(case, **to)
    found = made_event(call, case, event)
    call.tag(case.version)
    return found


def copy_again(call: Call, made: str) -> EventItem:
    """Return the entry of a copy that was sent before."""
    call.tag(fetch(call).version)
    return event_again(call, made)


def dismiss(call: Call) -> WholeCase:
    """Remove a copy from the caller's kartable."""
    return act_on(call, lambda case: call.work.get(KartableService).dismiss_copy(case))


def inquiries(call: Call) -> Listed:
    """Return the inquiries of a case, oldest first."""
    rows = sorted(_of(call, fetch(call)), key=lambda one: one.id)
    found, following = call.window(rows, lambda one: one.id)
    names = call.work.get(AccountService).names(holder_id(one) for one in found)
    return Listed(items=[_item(call, one, names) for one in found], next=following)


def inquire(call: Call) -> InquiryItem:
    """Ask a unit or a person of it."""
    case, to = _unchanged(call), addressee(call)
    _require_reader(call, case, to)
    call.work.get(KartableService).inquire(case, **to)
    call.work.session.flush()
    inquiry = max(_of(call, case), key=lambda one: one.id)
    call.made(str(inquiry.id))
    call.tag(case.version)
    return _one(call, inquiry)


def inquiry_again(call: Call, made: str) -> InquiryItem:
    """Return an inquiry that was sent before."""
    case = fetch(call)
    call.tag(case.version)
    return _one(call, _find(call, case, int(made)))


def answer(call: Call) -> EventItem:
    """Answer the inquiry that is in the caller's kartable. Other changes of the case do not make it stale."""
    case = fetch(call, lock=True)
    event = call.work.get(KartableService).answer(case, call.body["text"], inquiry_id=call.body["inquiry"])
    return made_event(call, case, event)


def withdraw(call: Call) -> WholeCase:
    """Withdraw an open inquiry."""
    case = _unchanged(call)
    inquiry = _find(call, case, int(call.matched["id"]))
    call.work.get(InquiryService).withdraw(case, inquiry.id)
    return changed(call, case)


def _unchanged(call: Call) -> Case:
    case = fetch(call, lock=True)
    call.require_version(case.version)
    return case


def _require_reader(call: Call, case: Case, to: Addressee) -> None:
    """Refuse a copy or an inquiry that no one could read, unless it is to be sent anyway.

    :raises Problem: 422.
    """
    if not call.body["anyway"] and not call.work.get(CustodyService).is_read(
        case, to["unit_id"], to["user_id"]
    ):
        name = call.work.get(OrganizationService).unit_name(to["unit_id"])
        raise call.wrong_field("#/unit", _("No one in “${unit}” could read it.", mapping={"unit": name}))


def _of(call: Call, case: Case) -> list[Referral]:
    return [one for one in call.work.get(AccessService).referrals(case) if one.type == "inquiry"]


def _find(call: Call, case: Case, inquiry_id: int) -> Referral:
    found = next((one for one in _of(call, case) if one.id == inquiry_id), None)
    if found is None:
        raise NotFound(f"the case has no inquiry {inquiry_id}")
    return found


def _one(call: Call, inquiry: Referral) -> InquiryItem:
    return _item(call, inquiry, call.work.get(AccountService).names([holder_id(inquiry)]))


def _item(call: Call, inquiry: Referral, names: Mapping[int, str]) -> InquiryItem:
    ended = inquiry.closed_how if inquiry.closed_how in ("answered", "withdrawn") else "closed"
    return {
        "id": inquiry.id,
        "unit": named_unit(call, inquiry.to_unit_id),
        "person": person_item(holder_id(inquiry), names),
        "question": inquiry.note,
        "asked_at": inquiry.created_at,
        "read": inquiry.read_at is not None,
        "state": cast("State", ended) if inquiry.closed_at else "open",
        "answer": inquiry.answer,
        "ended_at": inquiry.closed_at,
    }


OPERATIONS = (
    Operation(
        name="copies.create",
        path=f"/cases/{CODE}/copies",
        title=_("Send a copy, which can be read and commented only"),
        call=copy,
        again=copy_again,
        returns=EventItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=Referred,
        creates=True,
        status=201,
        has_version=True,
    ),
    Operation(
        name="copies.dismiss",
        path=f"/cases/{CODE}/copies/dismiss",
        title=_("Remove a copy from the caller's kartable"),
        call=dismiss,
        returns=WholeCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="inquiries.list",
        path=PATH,
        title=_("List the inquiries of a case"),
        call=inquiries,
        returns=InquiryItem,
        scope=READ,
        permission=PagePermission.STAFF,
        is_list=True,
    ),
    Operation(
        name="inquiries.create",
        path=PATH,
        title=_("Ask another unit; the case cannot be closed before the answer"),
        call=inquire,
        again=inquiry_again,
        returns=InquiryItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=Asked,
        creates=True,
        status=201,
        has_version=True,
    ),
    Operation(
        name="inquiries.answer",
        path=f"{PATH}/answer",
        title=_("Answer the inquiry in the caller's kartable"),
        call=answer,
        again=event_again,
        returns=EventItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=AnsweredInquiry,
        creates=True,
        status=201,
    ),
    Operation(
        name="inquiries.withdraw",
        path=f"{PATH}/{ROW}/withdraw",
        title=_("Withdraw an open inquiry"),
        call=withdraw,
        returns=WholeCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
)
