"""Requests for meetings in the API: new ones, and what the office reads of one."""

from datetime import datetime
from typing import Annotated, Literal, TypedDict, cast

import colander

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.forms import CleanText, KeyList, ListOf, Node, StrictSchema, Values
from civicportal.api.rest import Call, Operation
from civicportal.api.submission import case_operation
from civicportal.api.web import PagePermission
from civicportal_meetings.i18n import _
from civicportal_meetings.names import KIND
from civicportal_meetings.rest.appointments import AppointmentItem, appointment_item
from civicportal_meetings.rest.cases import CODE, READ, fetch, record_visit
from civicportal_meetings.services import AppointmentService, MeetingService
from civicportal_meetings.services.agenda import AgendaService
from civicportal_meetings.submission import (
    MOST_COMPANIONS,
    OF_COUNTRY,
    OF_LEGAL,
    Submission,
    new_meeting,
    working_days,
)

RequestEnding = Literal[
    "reschedule", "invite", "recall", "cancel", "withdraw", "decline_invitation", "hold", "miss", "undo"
]


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


class TimeOfRequest(AppointmentItem):
    """An appointment that a request has or had."""

    ended_at: datetime | None
    ending: Annotated[RequestEnding | None, _("The step that ended it")]
    reason: Annotated[str, _("Why it ended")]


class MeetingRequestItem(TypedDict):
    """What the office reads of a request besides its case."""

    code: Annotated[str, _("The tracking code")]
    party: Annotated[Literal["natural", "legal"], _("A person, or the representative of an organisation")]
    name: Annotated[str | None, _("Name of the applicant; only with the right to see it")]
    organization: str
    position: Annotated[str, _("Position of the applicant in the organisation")]
    legal_id: Annotated[str, _("National id of the organisation")]
    days: Annotated[list[str], _("Suitable days of the week; none for every day")]
    part: Annotated[str, _("Suitable part of the day; empty for the whole day")]
    companions: Annotated[int, _("How many come along")]
    companion_names: Annotated[list[str] | None, _("Their names; only with the right to see them")]
    appointments: Annotated[list[TimeOfRequest], _("Latest first")]


def show(call: Call) -> MeetingRequestItem:
    """Return a request. The visit is recorded first, as on its page."""
    case, work = fetch(call, KIND), call.work
    record_visit(call, case, case.version)
    agenda = work.get(AgendaService)
    detail = agenda.detail(case)
    companions, named = detail.companions or [], bool(agenda.name(case, detail))
    call.tag(case.version)
    return {
        "code": case.code,
        "party": "legal" if detail.party == "legal" else "natural",
        "name": detail.name or None if named else None,
        "organization": detail.organization or "",
        "position": detail.position or "",
        "legal_id": detail.legal_id or "",
        "days": list(detail.suitable_days),
        "part": detail.suitable_part,
        "companions": len(companions),
        "companion_names": list(companions) if named else None,
        "appointments": [
            {
                **appointment_item(one),
                "ended_at": one.ended_at,
                "ending": cast("RequestEnding", one.ended_how) if one.ended_how else None,
                "reason": one.why or "",
            }
            for one in work.get(AppointmentService).history(case)
        ],
    }


OPERATIONS = (
    case_operation(KIND, MeetingBody, open_meeting, bindings=working_days),
    Operation(
        name="meetings.request",
        path=f"/meetings/requests/{CODE}",
        title=_("Show who asks for a meeting, which days suit, and the times it has had"),
        call=show,
        returns=MeetingRequestItem,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
)
