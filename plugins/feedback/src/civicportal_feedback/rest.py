"""Messages in the API: new ones, and “Heard and done” for everybody and for those who write it."""

from datetime import datetime
from typing import Annotated, TypedDict

from civicportal.api.cases import AccessService, Case, CaseService
from civicportal.api.database import Work
from civicportal.api.forms import Choice, Flag, KeyList, Node, Option, StrictSchema, Values, whole_number
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import NotFound
from civicportal.api.publishing import PublicTexts
from civicportal.api.rest import Call, Listed, Operation
from civicportal.api.submission import case_operation
from civicportal.api.web import PagePermission
from civicportal_feedback.choices import unit_choices
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback, Publication
from civicportal_feedback.publications import PERMISSION, PublicationService, State
from civicportal_feedback.schemas import MessageFields, Wording
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_feedback.workflow import KIND

READ, WRITE = "feedback:read", "feedback:write"
"""Scopes of the right to publish; the messages themselves take those of cases."""
ONE = "/feedback/{code:[1-9][0-9]{9}}/publication"


class MessageBody(StrictSchema):
    """A new message, with the fields of its form; its sender is known."""

    type = Node(Choice([*TYPES]), title=_("What is it?"))
    unit = Node(
        Choice("units"), title=_("Which part is it about?"), description=_("Key of a unit"), missing=None
    )
    body = MessageFields()["body"].clone()
    consent = Node(Flag(), title=_("The city may show my message and its answer to everybody"), missing=False)
    photos = Node(KeyList(4), title=_("Pictures"), description=_("Keys of uploaded pictures"), missing=())


def open_message(work: Work, values: Values, citizen_id: int | None, key: str, owner: str) -> Case:
    """Open the case of a call."""
    unit = work.get(OrganizationService).unit(values["unit"]) if values["unit"] else None
    new = NewFeedback(
        type=values["type"],
        unit=unit,
        body=values["body"],
        consent=values["consent"],
        photos=values["photos"],
        owner=owner,
        source="api",
    )
    return work.get(FeedbackService).make_for(citizen_id, new, key)


class AboutUnit(TypedDict):
    """The unit that a message is about."""

    key: str
    name: str


class PublishedMessage(TypedDict):
    """A message and its answer in the words of public relations, without code and name."""

    type: str
    type_title: Annotated[str, _("Its type in the caller's language")]
    unit: Annotated[AboutUnit | None, _("The unit it is about; none for the municipality in general")]
    heard: str
    done: str
    published_at: datetime


class PublishableMessage(TypedDict):
    """A message that can be published, or was."""

    code: Annotated[str, _("The tracking code")]
    version: Annotated[int, _("Rises with every change; the ETag of the case")]
    type: str
    unit: Annotated[AboutUnit | None, _("The unit it is about; none for the municipality in general")]
    consent: Annotated[bool, _("Whether its sender agrees")]
    possible: Annotated[bool, _("Whether the caller may publish it now")]
    public: Annotated[bool, _("Whether everybody can read it")]
    heard: Annotated[str | None, _("The text that was published last")]
    done: Annotated[str | None, _("The text that was published last")]
    published_at: datetime | None


class MessagePublication(PublishableMessage):
    """The publication of a message beside the original."""

    reason: Annotated[str | None, _("Why it cannot be published")]
    message: Annotated[str, _("The message itself")]
    answer: Annotated[str, _("The answer itself")]
    proposed_heard: Annotated[str, _("The published words, or the message without its sender, as a proposal")]
    proposed_done: Annotated[str, _("The published words, or the answer without its sender, as a proposal")]


class PublicationQuery(StrictSchema):
    """The filter of messages for those who publish them."""

    state = Node(
        Choice(
            [
                Option(value="candidate", label=_("Answered with consent, and not written yet")),
                Option(value="published", label=_("Published")),
                Option(value="withdrawn", label=_("No longer shown")),
            ]
        ),
        title=_("State of the publication"),
        missing="candidate",
    )


class WordingBody(Wording):
    """The public texts of message and answer."""

    allowed = PublicTexts.allowed_node()


def published(call: Call) -> Listed:
    """Return a page of the published messages, latest first."""
    before, limit = _position(call), call.query["limit"]
    if before is not None and call.work.session.get(Publication, before) is None:
        raise call.wrong_cursor()
    rows = call.work.get(PublicationService).latest(limit + 1, before=before)
    items: list[PublishedMessage] = [
        {
            "type": feedback.type,
            "type_title": call.say(TYPES[feedback.type].published),
            "unit": _unit(call, feedback),
            "heard": publication.heard,
            "done": publication.done,
            "published_at": publication.published_at,
        }
        for publication, feedback in rows[:limit]
    ]
    return Listed(items=items, next=str(rows[limit - 1][0].case_id) if len(rows) > limit else None)


def publications(call: Call) -> Listed:
    """Return a page of the messages in a state for those who publish them, latest first."""
    before, limit = _position(call), call.query["limit"]
    state: State = call.query["state"]
    rows = call.work.get(PublicationService).of_staff(state, limit + 1, before=before)
    call.work.get(AccessService).load_referrals(case for case, _feedback, _publication in rows[:limit])
    return Listed(
        items=[_item(call, *row) for row in rows[:limit]],
        next=str(rows[limit - 1][0].id) if len(rows) > limit else None,
    )


def publication(call: Call) -> MessagePublication:
    """Return the publication of a message."""
    return _whole(call, *_fetch(call))


def publish(call: Call) -> MessagePublication:
    """Publish a message and its answer in the words of the body, or change the published words."""
    case, feedback = _unchanged(call)
    call.work.get(PublicationService).publish(
        case, call.body["heard"], call.body["done"], allowed=PublicTexts.allowed_words(call.body)
    )
    call.work.session.flush()
    return _whole(call, case, feedback)


def withdraw(call: Call) -> MessagePublication:
    """Withdraw a publication; its text is kept."""
    case, feedback = _unchanged(call)
    call.work.get(PublicationService).take_back(case)
    call.work.session.flush()
    return _whole(call, case, feedback)


def _position(call: Call) -> int | None:
    """Return the id of the last case of the page before.

    :raises Problem: 400 for a cursor of another list.
    """
    cursor = call.query["cursor"]
    before = None if cursor is None else whole_number(cursor)
    if before == 0:
        raise call.wrong_cursor()
    return before


def _fetch(call: Call, *, lock: bool = False) -> tuple[Case, Feedback]:
    """Return the message of the path.

    :raises NotFound: when there is none, or the caller may not know of it.
    """
    case = call.work.get(CaseService).fetch(call.matched["code"], lock=lock)
    feedback = call.work.get(FeedbackService).detail(case)
    if feedback is None:
        raise NotFound("no message")
    return case, feedback


def _unchanged(call: Call) -> tuple[Case, Feedback]:
    case, feedback = _fetch(call, lock=True)
    call.require_version(case.version)
    return case, feedback


def _unit(call: Call, feedback: Feedback) -> AboutUnit | None:
    unit = call.work.get(OrganizationService).units.by_id.get(feedback.unit_id or 0)
    return {"key": unit.key, "name": unit.name} if unit else None


def _item(call: Call, case: Case, feedback: Feedback, publication: Publication | None) -> PublishableMessage:
    possible = call.work.get(PublicationService).refusal_reason(case) is None
    return {
        "code": case.code,
        "version": case.version,
        "type": feedback.type,
        "unit": _unit(call, feedback),
        "consent": feedback.consent,
        "possible": possible and call.work.get(AccessService).may_act(case, PERMISSION),
        "public": publication is not None and publication.public,
        "heard": publication.heard if publication else None,
        "done": publication.done if publication else None,
        "published_at": publication.published_at if publication else None,
    }


def _whole(call: Call, case: Case, feedback: Feedback) -> MessagePublication:
    call.tag(case.version)
    service = call.work.get(PublicationService)
    reason, proposed = service.refusal_reason(case), service.wording(case)
    return {
        **_item(call, case, feedback, service.of(case)),
        "reason": call.say(reason) if reason else None,
        "message": case.body,
        "answer": service.answer(case),
        "proposed_heard": proposed["heard"],
        "proposed_done": proposed["done"],
    }


OPERATIONS = (
    case_operation(KIND, MessageBody, open_message, bindings=unit_choices),
    Operation(
        name="feedback.list",
        path="/feedback",
        title=_("List what was heard and done"),
        call=published,
        returns=PublishedMessage,
        permission=PagePermission.EVERYBODY,
        is_list=True,
    ),
    Operation(
        name="feedback.publications",
        path="/feedback/publications",
        title=_("List messages to publish, and published ones, for those who write the texts"),
        call=publications,
        returns=PublishableMessage,
        scope=READ,
        permission=PERMISSION,
        query=PublicationQuery,
        is_list=True,
    ),
    Operation(
        name="feedback.publication",
        path=ONE,
        title=_("Show the public texts of a message beside the original, or a proposal"),
        call=publication,
        returns=MessagePublication,
        scope=READ,
        permission=PERMISSION,
        has_version=True,
    ),
    Operation(
        name="feedback.publish",
        path=ONE,
        title=_("Publish a message and its answer, or change the public texts"),
        call=publish,
        returns=MessagePublication,
        method="POST",
        scope=WRITE,
        permission=PERMISSION,
        body=WordingBody,
        has_version=True,
    ),
    Operation(
        name="feedback.withdraw",
        path=f"{ONE}/withdraw",
        title=_("Withdraw a publication; its text is kept"),
        call=withdraw,
        returns=MessagePublication,
        method="POST",
        scope=WRITE,
        permission=PERMISSION,
        has_version=True,
    ),
)
