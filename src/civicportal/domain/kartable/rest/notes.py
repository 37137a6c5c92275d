"""Notes, messages to and of the citizen, and uploads of pictures."""

from collections.abc import Callable
from typing import TypedDict

from webob.multidict import MultiDict

from civicportal.core.security import PagePermission
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.schemas import CitizenNote
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.uploads import take_files
from civicportal.domain.kartable.rest.cases import CODE, EventItem, fetch, own_events, staff_events
from civicportal.domain.kartable.rest.steps import WRITE
from civicportal.domain.kartable.schemas import Comment
from civicportal.util.errors import RETRY_SECONDS
from civicportal.util.i18n import _
from civicportal.web.forms import FileRefused, UploadedFile
from civicportal.web.request_body import FILE
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.rest.problems import Problem

NO_FILE = _("Send the picture as a form (multipart/form-data) in the field “file”.")


class NoteBody(Comment):
    """A note or an expert comment."""

    allowed = PublicTexts.allowed_node()


class Uploaded(TypedDict):
    """A picture that a case can claim for 24 hours."""

    key: str
    url: str


def add_note(call: Call) -> EventItem:
    """Add an internal note, or an expert comment, which the citizen reads if it is public."""
    case, body = fetch(call, lock=True), call.body
    event = call.work.get(CaseService).comment(
        case,
        body["text"],
        expert=body["sort"] == "expert",
        public=body["public"],
        allowed=PublicTexts.allowed_words(body),
    )
    return made_event(call, case, event)


def add_message(call: Call) -> EventItem:
    """Add a message of the citizen of a case."""
    case, event = add_note_of_citizen(call, lambda: fetch(call, lock=True))
    return made_event(call, case, event)


def add_note_of_citizen(call: Call, fetch_case: Callable[[], Case]) -> tuple[Case, CaseEvent]:
    """Add the message of the body to a case.

    :raises Problem: 422 for an empty one.
    """
    body = call.body
    if not body["words"] and not body["photos"]:
        raise call.wrong_field("#/words", _("Please write something, or add a picture."))
    case = fetch_case()
    event = call.work.get(CaseService).add_note(
        case, body["words"], attachments=body["photos"], owner=call.request.upload_owner()
    )
    return case, event


def count_message(call: Call) -> None:
    """Count the message of a citizen."""
    call.work.site.limits.hit("note_citizen", call.work.actor.user_id)


def event_again(call: Call, made: str) -> EventItem:
    """Return an entry of the history that was added before."""
    return _item(call, fetch(call), int(made))


def upload(call: Call) -> Uploaded:
    """Store a picture."""
    sent: MultiDict[object] = call.request.POST
    file = sent.get(FILE)
    if not isinstance(file, UploadedFile):
        raise Problem(400, NO_FILE)
    try:
        [key] = take_files(call.request, [file])
    except FileRefused as refusal:
        if refusal.later:
            raise Problem(503, refusal.reason, headers={"Retry-After": str(RETRY_SECONDS)}) from None
        raise call.wrong_field("#/file", refusal.reason) from None
    return {"key": key, "url": call.link("attachments.show", key=key)}


def made_event(call: Call, case: Case, event: CaseEvent) -> EventItem:
    """Return a new entry of the history, which is found again when the call is repeated."""
    call.work.session.flush()
    call.made(str(event.id))
    return _item(call, case, event.id)


def _item(call: Call, case: Case, event_id: int) -> EventItem:
    """Return an entry of the history."""
    if call.work.actor.is_staff:
        ids = [event.id for event in call.work.get(CaseService).events(case)]
        return staff_events(call, case)[ids.index(event_id)]
    return own_events(call, case, event_id)[0]


OPERATIONS = (
    Operation(
        name="notes.create",
        path=f"/cases/{CODE}/notes",
        title=_("Add a note, or a comment that the citizen reads"),
        call=add_note,
        again=event_again,
        returns=EventItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=NoteBody,
        creates=True,
        status=201,
    ),
    Operation(
        name="messages.create",
        path=f"/cases/{CODE}/messages",
        title=_("Add a message of the citizen"),
        call=add_message,
        count=count_message,
        again=event_again,
        returns=EventItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.CITIZEN,
        body=CitizenNote,
        creates=True,
        status=201,
    ),
    Operation(
        name="attachments.create",
        path="/attachments",
        title=_("Upload a picture, which a case can claim for 24 hours"),
        call=upload,
        returns=Uploaded,
        method="POST",
        scope=WRITE,
        takes_file=True,
        status=201,
    ),
)
