"""Links of contractors in the API: made, listed, revoked, and work that is sent back."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypedDict, cast

from civicportal.core.security import PagePermission
from civicportal.core.work import Work
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.kartable.contractors import AFTER, BEFORE, LONGEST_DAYS, ContractorService, ShownLink
from civicportal.domain.kartable.rest.cases import CODE, READ, fetch
from civicportal.domain.kartable.rest.inquiries import ROW
from civicportal.domain.kartable.rest.items import NamedItem, OfficerItem, named_unit, person_item
from civicportal.domain.kartable.rest.steps import WRITE
from civicportal.domain.kartable.schemas import ContractorSchema, SentBack
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import CityDate, Node

PATH = f"/cases/{CODE}/contractors"
NO_ADDRESS = _("The portal does not know its own address, so no message can name it: leave the number out.")


class ContractorAnswerItem(TypedDict):
    """What a contractor has said of the work."""

    outcome: Literal["done", "cannot"]
    note: str
    at: datetime
    before: Annotated[list[str], _("Keys of pictures from before the work")]
    after: Annotated[list[str], _("Keys of pictures after the work, which a step can take as its “proof”")]


class ContractorLinkItem(TypedDict):
    """A link by which a contractor without an account sees one case."""

    id: int
    name: Annotated[str, _("The firm or the person")]
    instruction: Annotated[str, _("What the contractor reads")]
    unit: Annotated[NamedItem | None, _("The unit that has made it")]
    maker: OfficerItem | None
    created_at: datetime
    ends_at: datetime
    used_at: Annotated[datetime | None, _("When it was last opened")]
    revoked_at: datetime | None
    open: Annotated[bool, _("Whether it opens the case now")]
    answer: Annotated[ContractorAnswerItem | None, _("What waits for the unit")]
    url: Annotated[str | None, _("Its address: only for the call that made it")]


class ContractorLinkBody(ContractorSchema):
    """A new link for a contractor."""

    ends = Node(
        CityDate(),
        title=_("Opens until the end of this day"),
        description=_("Without it, for as many days as the city has set"),
        missing=None,
        validator=ContractorSchema()["ends"].validator,
    )


def days(work: Work) -> Values:
    """Return the first and the latest end of a link."""
    today = work.site.calendar.today(work.clock.now())
    return {"first": today, "last": today + timedelta(days=LONGEST_DAYS)}


def links(call: Call) -> Listed:
    """Return the links of a case, oldest first."""
    case = fetch(call)
    rows = sorted(call.work.get(ContractorService).mentioned(case), key=lambda one: one.link.id)
    found, following = call.window(rows, lambda one: one.link.id)
    pictures = call.work.get(AttachmentService).of_case(case) if any(one.answer for one in found) else ()
    return Listed(items=[_item(call, one, pictures) for one in found], next=following)


def make(call: Call) -> ContractorLinkItem:
    """Make a link, whose address no other call returns."""
    case, body, service = _unchanged(call), call.body, call.work.get(ContractorService)
    if body["mobile"] and not call.work.site.public_url:
        raise call.wrong_field("#/mobile", NO_ADDRESS)
    link, token = service.make(
        case,
        name=body["name"],
        last_day=body["ends"] or service.usual_end,
        instruction=body["instruction"],
        mobile=body["mobile"],
        once=_once(call),
    )
    call.made(str(link.id))
    return _changed(call, case, link.id, token)


def made_again(call: Call, made: str) -> ContractorLinkItem:
    """Return a link that was made before, with its address."""
    case = fetch(call)
    link = _find(call, case, int(made)).link
    return _changed(
        call, case, link.id, call.work.get(ContractorService).token_again(case, link, _once(call))
    )


def revoke(call: Call) -> ContractorLinkItem:
    """Revoke a link."""
    return _act(call, lambda case, link_id: call.work.get(ContractorService).revoke(case, link_id))


def send_back(call: Call) -> ContractorLinkItem:
    """Send work back to its contractor, who reads the note at the link."""
    note, mobile = call.body["note"], call.body["mobile"]
    return _act(
        call,
        lambda case, link_id: call.work.get(ContractorService).send_back(case, link_id, note, mobile=mobile),
    )


def _act(call: Call, act: Callable[[Case, int], object]) -> ContractorLinkItem:
    case, link_id = _unchanged(call), int(call.matched["id"])
    act(case, link_id)
    return _changed(call, case, link_id)


def _unchanged(call: Call) -> Case:
    case = fetch(call, lock=True)
    call.require_version(case.version)
    return case


def _changed(call: Call, case: Case, link_id: int, token: str | None = None) -> ContractorLinkItem:
    call.work.session.flush()
    call.tag(case.version)
    found = _find(call, case, link_id)
    pictures = call.work.get(AttachmentService).of_case(case) if found.answer else ()
    return _item(call, found, pictures, token)


def _once(call: Call) -> str:
    return f"{call.caller} {call.key}"


def _find(call: Call, case: Case, link_id: int) -> ShownLink:
    found = call.work.get(ContractorService).of(case)
    link = next((one for one in found if one.link.id == link_id), None)
    if link is None:
        raise NotFound(f"the case has no link {link_id}")
    return link


def _item(
    call: Call, shown: ShownLink, pictures: Sequence[Attachment], token: str | None = None
) -> ContractorLinkItem:
    link, said = shown.link, shown.answer
    own = [one for one in pictures if said is not None and one.event_id == said.id]
    request, site = call.request, call.work.site
    address = f"{site.public_url or request.host_url}".rstrip("/")
    return {
        "id": link.id,
        "name": link.name,
        "instruction": link.instruction,
        "unit": named_unit(call, link.unit_id),
        "maker": person_item(link.made_by_id, {link.made_by_id or 0: shown.maker}),
        "created_at": link.created_at,
        "ends_at": link.ends_at,
        "used_at": link.used_at,
        "revoked_at": link.revoked_at,
        "open": shown.is_open,
        "answer": {
            "outcome": cast("Literal['done', 'cannot']", said.data["outcome"]),
            "note": said.internal_text,
            "at": said.at,
            "before": [one.key for one in own if one.purpose == BEFORE],
            "after": [one.key for one in own if one.purpose == AFTER],
        }
        if said
        else None,
        "url": address + request.route_path("contractor", token=token) if token else None,
    }


OPERATIONS = (
    Operation(
        name="contractors.list",
        path=PATH,
        title=_("List the links of contractors to a case"),
        call=links,
        returns=ContractorLinkItem,
        scope=READ,
        permission=PagePermission.STAFF,
        is_list=True,
    ),
    Operation(
        name="contractors.create",
        path=PATH,
        title=_("Make a link for a contractor"),
        call=make,
        again=made_again,
        returns=ContractorLinkItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=ContractorLinkBody,
        bindings=days,
        creates=True,
        status=201,
        has_version=True,
    ),
    Operation(
        name="contractors.revoke",
        path=f"{PATH}/{ROW}/revoke",
        title=_("Revoke the link of a contractor"),
        call=revoke,
        returns=ContractorLinkItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="contractors.send_back",
        path=f"{PATH}/{ROW}/send-back",
        title=_("Send work back to its contractor"),
        call=send_back,
        returns=ContractorLinkItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=SentBack,
        has_version=True,
    ),
)
