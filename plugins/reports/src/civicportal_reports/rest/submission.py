"""New reports by the API, and following those of others."""

from typing import Annotated, TypedDict

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.forms import Choice, Flag, KeyList, Node, StrictSchema, Values
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Refused
from civicportal.api.rest import Call, Operation
from civicportal.api.submission import QuestionnaireService, case_operation
from civicportal.api.web import PagePermission
from civicportal_reports import categories
from civicportal_reports.i18n import _
from civicportal_reports.places import OutsideCity, locate, outside_reason
from civicportal_reports.schemas import Submission
from civicportal_reports.services import NewReport, ReportService
from civicportal_reports.workflow import KIND


class ReportBody(StrictSchema):
    """A new report, with the fields of its form."""

    category = Node(
        Choice(lambda bindings: bindings["topics"]), title=_("Category"), description=_("Its key")
    )
    place = Submission()["place"].clone()
    body = Submission()["body"].clone()
    urgent = Node(Flag(), title=_("It is an immediate danger"), missing=False)
    answers = QuestionnaireService.json_node()
    photos = Node(KeyList(4), title=_("Pictures"), description=_("Keys of uploaded pictures"), missing=())


def topics(work: Work) -> Values:
    """Return the keys of the topics that a new report may have: those of its form."""
    return {"topics": [leaf.key for topic in categories.topics(work) for leaf in topic.leaves]}


def open_report(work: Work, values: Values, citizen_id: int | None, key: str, owner: str) -> Case:
    """Open the report of a call.

    :raises Refused: for a place outside the city, for wrong answers, and when the category has gone.
    """
    try:
        location = locate(work.site.map, values["place"])
    except OutsideCity:
        raise Refused(outside_reason(work.site)) from None
    category = work.get(OrganizationService).category(KIND, values["category"])
    if category is None:
        raise Refused(_("This category is not there any more."))
    answers = work.get(QuestionnaireService).read(category.id, values["answers"], typed=True)
    new = NewReport(
        category=category,
        location=location,
        body=values["body"],
        urgent=values["urgent"],
        photos=values["photos"],
        owner=owner,
        source="api",
        answers=answers,
    )
    return work.get(ReportService).make_for(citizen_id, new, key)


class FollowedReport(TypedDict):
    """A report that the caller follows."""

    id: int
    following: Annotated[bool, _("Whether it is one of another person, among the followed cases")]


def me_too(call: Call) -> FollowedReport:
    """Follow the report of another person, as the page of near reports offers it."""
    service = call.work.get(ReportService)
    case = service.open_case(int(call.matched["id"]))
    service.me_too(case)
    return {"id": case.id, "following": case.citizen_id != call.work.actor.user_id}


OPERATIONS = (
    case_operation(KIND, ReportBody, open_report, bindings=topics),
    Operation(
        name="reports.me_too",
        path="/reports/{id:[1-9][0-9]{0,17}}/follow",
        title=_("Follow the report of another person"),
        call=me_too,
        returns=FollowedReport,
        method="POST",
        scope="cases:write",
        permission=PagePermission.CITIZEN,
    ),
)
