"""Reading of cases in the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypedDict

from pyramid.response import Response
from sqlalchemy import select

from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.paging import SORTS, Cursor, Page, case_page
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.views.files import send_picture
from civicportal.domain.kartable.inbox import EVERYWHERE, VIEWS, InboxQuery, InboxService, sorts_of
from civicportal.domain.kartable.rest.items import CaseItem, WholeCase, case_items, whole_case
from civicportal.domain.kartable.schemas import SORT_TITLES
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.util.lists import within_days
from civicportal.web.rest.operations import Call, Listed, Operation
from civicportal.web.schema import Choice, CityDate, CleanText, Flag, Node, StrictSchema

if TYPE_CHECKING:
    from civicportal.core.work import Work

READ = "cases:read"
CODE = "{code:[1-9][0-9]{9}}"
OF_CITIZEN = ("citizen", "public")
"""Audiences of the pictures that the citizen of a case sees."""


class CaseQuery(StrictSchema):
    """The filters of cases: those of the kartable."""

    view = Node(
        Choice([EVERYWHERE, *VIEWS]),
        title=_("A view of the kartable; without it every case that the caller may see"),
        missing=EVERYWHERE,
    )
    kind = Node(Choice(lambda bindings: bindings["kinds"]), title=_("Kind of case"), missing=None)
    status = Node(Choice(lambda bindings: bindings["statuses"]), title=_("Status"), missing=None)
    category = Node(CleanText(1, 40), title=_("Key of the category, or of one above it"), missing=None)
    first_day = Node(CityDate(), title=_("Registered from"), missing=None)
    last_day = Node(CityDate(), title=_("Registered until"), missing=None)
    q = Node(CleanText(1, 100), title=_("Words"), missing="")
    sort = Node(Choice([*SORT_TITLES]), title=_("Order"), missing=None)


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
    _check_position(call)
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


def choices(work: "Work") -> dict[str, list[str]]:
    """Return the choices of the filters."""
    kinds = kinds_of(work.site)
    states = {state.name: None for kind in kinds.values() for state in kind.workflow.states}
    return {"kinds": [*kinds], "statuses": [*states]}


def _check_position(call: Call) -> None:
    """Refuse a cursor of another list, and days in the wrong order.

    :raises Problem: 400.
    """
    query = call.query
    place = Cursor.parse(query["cursor"]) if query["cursor"] is not None else None
    if query["cursor"] is not None and (place is None or place.way != "after"):
        raise call.wrong_cursor()
    first, last = query["first_day"], query["last_day"]
    if first and last and last < first:
        raise call.wrong_parameter("last_day", _("This day is before the first one."))


def _staff_page(call: Call) -> Page:
    query = call.query
    sort = query["sort"] or sorts_of(query["view"])[0]
    if sort not in sorts_of(query["view"]):
        raise call.wrong_parameter("sort", _("This view is not offered in this order."))
    filters = InboxQuery(
        kind=query["kind"],
        status=query["status"],
        category=_category_id(call),
        first_day=query["first_day"],
        last_day=query["last_day"],
        words=query["q"],
    )
    service = call.work.get(InboxService)
    return service.page(query["view"], filters, sort=sort, cursor=query["cursor"], size=query["limit"])


def _own_page(call: Call) -> Page:
    """Return a page of the cases of the calling citizen, who has no kartable to search."""
    query, work = call.query, call.work
    for name, usual in (("view", EVERYWHERE), ("q", "")):
        if query[name] != usual:
            raise call.wrong_parameter(name, _("This is only for staff."))
    days = within_days(Case.created_at, work.site.calendar, query["first_day"], query["last_day"])
    own = select(Case).where(Case.citizen_id == work.actor.user_id, days)
    if query["kind"]:
        own = own.where(Case.kind == query["kind"])
    if query["status"]:
        own = own.where(Case.status == query["status"])
    if category := _category_id(call):
        own = own.where(Case.category_id.in_(work.get(OrganizationService).categories.subtree(category)))
    sort = SORTS[query["sort"] or "newest"]
    return case_page(work.session, own, sort=sort, cursor=query["cursor"], size=query["limit"])


def _category_id(call: Call) -> int | None:
    """Return the id of the category of the filter.

    :raises Problem: 400 when there is none, or several kinds have one.
    """
    key, kind = call.query["category"], call.query["kind"]
    if key is None:
        return None
    tree = call.work.get(OrganizationService).categories
    found = [row.id for row in tree.by_id.values() if row.key == key and kind in (None, row.kind)]
    if not found:
        raise call.wrong_parameter("category", _("There is no such category."))
    if len(found) > 1:
        raise call.wrong_parameter("category", _("Several kinds have such a category: give the kind too."))
    return found[0]


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


def own_events(call: Call, case: Case) -> list[EventItem]:
    """Return the history of a case for its citizen, latest first."""
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
