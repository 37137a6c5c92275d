"""New messages by the API."""

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.forms import Choice, Flag, KeyList, Node, StrictSchema, Values
from civicportal.api.organization import OrganizationService
from civicportal.api.submission import case_operation
from civicportal_feedback.choices import unit_choices
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.schemas import MessageFields
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_feedback.workflow import KIND


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


OPERATIONS = (case_operation(KIND, MessageBody, open_message, bindings=unit_choices),)
