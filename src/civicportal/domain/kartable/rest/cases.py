"""Reading of cases in the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypedDict

from pyramid.response import Response
from sqlalchemy import select

from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.paging import SORTS, Page, case_page
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.views.files import send_picture
from civicportal.domain.kartable.inbox import EVERYWHERE, sorts_of
from civicportal.domain.kartable.rest.filters import (
    CaseQuery,
    check_query,
    choices,
    inbox_query,
    own_cases,
)
from civicportal.domain.kartable.rest.items import CaseItem, WholeCase, case_items, whole_case
from civicportal.domain.kartable.team import inbox_of
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import Flag, Node, StrictSchema

READ = "cases:read"
CODE = "{code:[1-9][0-9]{9}}"
OF_CITIZEN = ("citizen", "public")
"""Audiences of the pictures that the citizen of a case sees."""


class PictureQuery(StrictSchema):
    """The size of a picture."""

    small = Node(Flag(), title=_("The small version"), missing=False)


class EventItem(TypedDict):
    """An entry of the history of a case."""

    id: Annotated[int | None, _("Only for staff")]
    type: Annotated[str | None, _("What happened; only for staff")]
    title: Annotated[str, _("What happened, in the caller's language")]
    at: datetime
    actor: Annotated[str, _("Name of the member of staff, or for citizens that of the unit")]
    step: Annotated[str | None, _("The step that was taken; only for staff")]
    before: Annotated[str | None, _("The status before; only for staff")]
    after: Annotated[str | None, _("The status after; only for staff")]
    text: Annotated[str, _("What the citizen reads")]
    internal_text: Annotated[str | None, _("What only staff read")]
    pictures: Annotated[list[str], _("Keys of pictures")]


def listing(call: Call) -> Listed:
    """Return a page of the cases that the caller may see."""
    check_query(call)
    page = _own_page(call) if call.work.actor.is_citizen else _staff_page(call)
    rows = [(row[0], row[1] if len(row) > 1 else None) for row in page.rows]
    return Listed(items=case_items(call, rows), next=page.next)


def show(call: Call) -> WholeCase:
    """Return one case. The visit of a member of staff is recorded first, as on its page."""
    case = fetch(call)
    if call.work.actor.is_staff and str(case.version) not in call.request.if_none_match:
        with call.request.site.work(actor=call.work.actor, locale=call.request.locale_name) as work:
            work.get(AuditService).record("case:open", subject_id=case.citizen_id, case_id=case.id)
    call.tag(case.version)
    return whole_case(call, case, pictures_of(call, case))


def history(call: Call) -> Listed:
    """Return the history of a case, latest first: all of it for staff, what is public for its citizen."""
    case = fetch(call)
    events = staff_events(call, case) if call.work.actor.is_staff else own_events(call, case)
    limit, given = call.query["limit"], call.query["cursor"] or "0"
    if not given.isascii() or not given.isdigit() or len(given) > len("10000"):
        raise call.wrong_cursor()
    # Entries are only added in front: a position counts from the oldest.
    end = int(given) or len(events)
    found = events[max(0, len(events) - end) :][:limit]
    left = end - len(found)
    return Listed(items=found, next=str(left) if found and left > 0 else None)


def picture(call: Call) -> Response:
    """Return the file of a picture that the caller may see."""
    found, code = call.work.get(AttachmentService).fetch(call.matched["key"], call.request.upload_owner())
    variant = ".small" if call.query["small"] else ""
    return send_picture(call.request, found, variant, name=code or "picture")


def fetch(call: Call, *, lock: bool = False) -> Case:
    """Return the case of the path.

    :raises NotFound: when there is none, or the caller may not know of it.
    """
    service, code = call.work.get(CaseService), call.matched["code"]
    if call.work.actor.is_citizen:
        return service.fetch_own(code, lock=lock)
    return service.fetch(code, lock=lock)


def pictures_of(call: Call, case: Case) -> Sequence[Attachment]:
    """Return the pictures of a case that the caller may see."""
    if call.work.actor.is_staff:
        return call.work.get(AttachmentService).of_case(case)
    return call.work.get(PublicHistory).photos(case, OF_CITIZEN)


def _staff_page(call: Call) -> Page:
    query, filters = call.query, inbox_query(call)
    inbox, view = inbox_of(call.work, filters), query["view"]
    if view not in (EVERYWHERE, *inbox.views):
        raise call.wrong_parameter(
            "view",
            _("This view is offered without a holder only.")
            if filters.holder
            else _("This view is offered with a holder only."),
        )
    offered = sorts_of(view, filters.kind)
    sort = query["sort"] or offered[0]
    if sort not in offered:
        raise call.wrong_parameter("sort", _("This view is not offered in this order."))
    return inbox.page(view, filters, sort=sort, cursor=query["cursor"], size=query["limit"])


def _own_page(call: Call) -> Page:
    """Return a page of the cases of the calling citizen, who has no kartable to search."""
    query, work = call.query, call.work
    own = select(Case).where(Case.citizen_id == work.actor.user_id, *own_cases(call).conditions(work))
    if query["kind"]:
        own = own.where(Case.kind == query["kind"])
    if query["status"]:
        own = own.where(Case.status == query["status"])
    sort = SORTS[query["sort"] or "newest"]
    return case_page(work.session, own, sort=sort, cursor=query["cursor"], size=query["limit"])


def staff_events(call: Call, case: Case) -> list[EventItem]:
    """Return the whole history of a case, latest first."""
    return [
        {
            "id": entry.event.id,
            "type": entry.event.type,
            "title": call.say(entry.title),
            "at": entry.event.at,
            "actor": entry.actor,
            "step": entry.event.transition,
            "before": entry.event.before,
            "after": entry.event.after,
            "text": entry.public_text,
            "internal_text": entry.internal_text,
            "pictures": [photo.key for photo in entry.photos],
        }
        for entry in call.work.get(StaffHistory).of(case)
    ]


def own_events(call: Call, case: Case, event_id: int | None = None) -> list[EventItem]:
    """Return the history of a case for its citizen, latest first.

    :param event_id: only this entry.
    """
    entries = call.work.get(PublicHistory).of(case, own=True, audiences=OF_CITIZEN)
    return [
        {
            "id": None,
            "type": None,
            "title": call.say(entry.title),
            "at": entry.moment,
            "actor": call.say(entry.author),
            "step": None,
            "before": None,
            "after": None,
            "text": entry.text,
            "internal_text": None,
            "pictures": [photo.key for photo in entry.photos],
        }
        for entry in entries
        if event_id in (None, entry.id)
    ]


OPERATIONS = (
    Operation(
        name="cases.list",
        path="/cases",
        title=_("List cases"),
        call=listing,
        returns=CaseItem,
        scope=READ,
        query=CaseQuery,
        bindings=choices,
        is_list=True,
    ),
    Operation(
        name="cases.show",
        path=f"/cases/{CODE}",
        title=_("Show a case"),
        call=show,
        returns=WholeCase,
        scope=READ,
        has_version=True,
    ),
    Operation(
        name="cases.history",
        path=f"/cases/{CODE}/history",
        title=_("List the history of a case"),
        call=history,
        returns=EventItem,
        scope=READ,
        is_list=True,
    ),
    Operation(
        name="attachments.show",
        path="/attachments/{key:[A-Za-z0-9_-]{22}}",
        title=_("Download a picture"),
        call=picture,
        returns=None,
        scope=READ,
        query=PictureQuery,
        media=("image/jpeg", "image/webp", "image/png"),
    ),
)
