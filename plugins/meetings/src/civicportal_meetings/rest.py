"""Public meeting days and new requests in the API."""

from datetime import datetime
from typing import TypedDict

import colander

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.forms import CleanText, KeyList, ListOf, Node, StrictSchema, Values
from civicportal.api.rest import Call, Listed, Operation
from civicportal.api.submission import case_operation
from civicportal.api.web import PagePermission
from civicportal_meetings.i18n import _
from civicportal_meetings.models import MeetingSession
from civicportal_meetings.names import KIND
from civicportal_meetings.services import MeetingService, PublicDayService
from civicportal_meetings.submission import (
    MOST_COMPANIONS,
    OF_COUNTRY,
    OF_LEGAL,
    Submission,
    new_meeting,
    working_days,
)


class MeetingDayItem(TypedDict):
    """A public meeting day."""

    id: int
    start: datetime
    end: datetime
    place: str
    cancelled: bool


def _agreed(node: colander.SchemaNode, value: bool) -> None:
    if not value:
        raise colander.Invalid(node, _("Without this agreement no meeting can be prepared."))


class MeetingBody(StrictSchema):
    """A request for a meeting, with the fields of its form; those of an organisation are for its representative."""

    subject = Submission()["subject"].clone()
    reason = Submission()["reason"].clone()
    photos = Node(KeyList(4), title=_("Pictures"), description=_("Keys of uploaded pictures"), missing=())
    party = Submission()["party"].clone()
    organization = Submission()["organization"].clone()
    legal_id = Submission()["legal_id"].clone()
    position = Submission()["position"].clone()
    name = Submission()["name"].clone()
    national_code = Submission()["national_code"].clone()
    birth_date = Submission()["birth_date"].clone()
    consent = Submission()["consent"].clone()
    days = Submission()["days"].clone()
    part = Submission()["part"].clone()
    companions = Node(ListOf(CleanText(1, 80), max=MOST_COMPANIONS), title=_("Who comes along?"), missing=())
    consent.validator = _agreed
    organization.missing = legal_id.missing = position.missing = ""

    def after_bind(self, _node: object, bindings: Values) -> None:
        """Remove the numbers that the site's country does not have."""
        if bindings["country"].code == "generic":
            for name in OF_COUNTRY:
                del self[name]

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Require the fields of an organisation from its representative."""
        error = colander.Invalid(node)
        for name in OF_LEGAL if values["party"] == "legal" else ():
            if name in self and not values[name]:
                error[name] = self[name].missing_msg
        if error.children:
            raise error


def open_meeting(work: Work, values: Values, citizen_id: int | None, key: str, owner: str) -> Case:
    """Open the request of a call.

    :raises Refused: when the person has an open request already.
    """
    new = new_meeting({**values, "photo_key": values["photos"]}, owner=owner, source="api")
    return work.get(MeetingService).make_for(citizen_id, new, key)


def days(call: Call) -> Listed:
    """Return a page of the public meeting days that the calendar file has, in the order of their ids."""
    announced = sorted(call.work.get(PublicDayService).announced(), key=lambda day: day.id)
    found, following = call.window(announced, lambda day: day.id)
    return Listed(items=[_item(day) for day in found], next=following)


def _item(day: MeetingSession) -> MeetingDayItem:
    return {
        "id": day.id,
        "start": day.start,
        "end": day.end,
        "place": day.place,
        "cancelled": day.cancelled_at is not None,
    }


OPERATIONS = (
    case_operation(KIND, MeetingBody, open_meeting, bindings=working_days),
    Operation(
        name="meetings.days",
        path="/meetings/days",
        title=_("List public meeting days"),
        call=days,
        returns=MeetingDayItem,
        permission=PagePermission.EVERYBODY,
        is_list=True,
    ),
)
