"""The kind "reports" and its workflow, as data."""

from collections.abc import Mapping

from civicportal.api.cases import (
    Case,
    CaseKind,
    CaseService,
    PublicAnswer,
    Reason,
    RoutingFact,
    State,
    Transition,
    Workflow,
)
from civicportal.api.database import Work
from civicportal.api.forms import CleanText, KeyList, Node, StrictSchema, TrackingCode
from civicportal.api.plugins import Site
from civicportal_reports.api_filters import ReportFilters, report_condition
from civicportal_reports.correction import CORRECTION
from civicportal_reports.i18n import _
from civicportal_reports.importing import COLUMNS, detail_of
from civicportal_reports.models import Report
from civicportal_reports.place_counts import PLACES

KIND = "reports"
OPEN = ("registered", "in_review", "in_action", "waiting_citizen")
CLOSED = ("reviewed", "rejected", "out_of_scope", "duplicate", "withdrawn")


class DuplicateOf(StrictSchema):
    """The earlier report."""

    duplicate_of = Node(
        TrackingCode(),
        title=_("Tracking code of the earlier report"),
        description=_("The citizen then follows that report and hears of every step."),
    )
    public_text = Node(
        CleanText(0, 2000, multiline=True),
        title=_("Answer to the citizen"),
        description=_("The citizen reads this."),
        missing="",
    )


class FinishedWork(PublicAnswer):
    """An answer with pictures of the finished work."""

    photos = Node(KeyList(4), title=_("Pictures after the work"), missing=())


class CitizenQuestion(StrictSchema):
    """A question to the citizen."""

    public_text = Node(
        CleanText(5, 2000, multiline=True),
        title=_("Your question to the citizen"),
        description=_("The citizen reads this."),
    )


class CitizenAnswer(StrictSchema):
    """The citizen's answer to a question."""

    public_text = Node(
        CleanText(2, 2000, multiline=True),
        title=_("Your answer"),
        description=_("Staff who handle the report read this."),
    )


class ReportWithdrawal(StrictSchema):
    """The optional reason for which a citizen withdraws a report."""

    public_text = Node(
        CleanText(0, 500, multiline=True),
        title=_("Why do you withdraw it?"),
        description=_("Staff who handle the report read this."),
        missing="",
        rows=3,
    )


WORKFLOW = Workflow(
    initial="registered",
    states=(
        State(name="registered", title=_("Registered"), stage="registered"),
        State(
            name="in_review",
            title=_("First review"),
            stage="in_progress",
            public_title=_("In progress"),
            likely="close",
        ),
        State(name="in_action", title=_("Work under way"), stage="in_progress", likely="close"),
        State(
            name="waiting_citizen",
            title=_("Waiting for the citizen"),
            stage="in_progress",
            citizen_title=_("Waiting for your answer"),
            pauses_deadline=True,
            answer="citizen_answers",
            unanswered="no_answer",
        ),
        State(name="reviewed", title=_("Reviewed"), stage="done"),
        State(
            name="rejected",
            title=_("Rejected"),
            stage="rejected",
            public_title=_("Could not be handled"),
        ),
        State(name="out_of_scope", title=_("Not a duty of the municipality"), stage="rejected"),
        State(name="duplicate", title=_("Duplicate"), stage="rejected"),
        State(name="withdrawn", title=_("Withdrawn by the citizen"), stage="rejected"),
    ),
    transitions=(
        Transition(
            name="start_review",
            title=_("Start the review"),
            sources=("registered", "waiting_citizen"),
            target="in_review",
        ),
        Transition(
            name="start_action",
            title=_("Start the work"),
            sources=("registered", "in_review", "waiting_citizen"),
            target="in_action",
        ),
        Transition(
            name="ask_citizen",
            title=_("Ask the citizen"),
            sources=("registered", "in_review", "in_action"),
            target="waiting_citizen",
            actors=frozenset({"staff", "system"}),
            schema=CitizenQuestion,
        ),
        Transition(
            name="citizen_answers",
            title=_("Answer the question"),
            sources=("waiting_citizen",),
            target="in_review",
            actors=frozenset({"citizen"}),
            notify=False,
            schema=CitizenAnswer,
        ),
        Transition(
            name="no_answer",
            title=_("No answer came in time"),
            sources=("waiting_citizen",),
            target="in_review",
            actors=frozenset({"system"}),
            text="unanswered",
        ),
        Transition(
            name="close",
            title=_("Close as reviewed"),
            sources=OPEN,
            target="reviewed",
            actors=frozenset({"staff", "system"}),
            schema=FinishedWork,
        ),
        Transition(name="reject", title=_("Reject"), sources=OPEN, target="rejected", schema=Reason),
        Transition(
            name="out_of_scope",
            title=_("Not a duty of the municipality"),
            sources=OPEN,
            target="out_of_scope",
            schema=Reason,
        ),
        Transition(
            name="duplicate",
            title=_("Mark as a duplicate"),
            sources=OPEN,
            target="duplicate",
            schema=DuplicateOf,
        ),
        Transition(
            name="withdraw",
            title=_("Withdraw the report"),
            sources=OPEN,
            target="withdrawn",
            actors=frozenset({"citizen"}),
            schema=ReportWithdrawal,
            confirm=_("The report is closed and no longer handled. Its followers are notified."),
        ),
        Transition(
            name="reopen",
            title=_("Open again"),
            sources=CLOSED,
            target="in_review",
            actors=frozenset({"staff", "citizen"}),
            schema=Reason,
        ),
    ),
)


def facts(case: Case, work: Work) -> dict[str, str]:
    """Return the facts of a report for routing rules."""
    report: Report | None = work.get(CaseService).detail(case)
    return {"district": report.district} if report else {}


def place_detail(case: Case, work: Work) -> Mapping[str, object] | None:
    """Return the place of a report for the API: WGS 84 degrees, and names of the city's map."""
    report: Report | None = work.get(CaseService).detail(case)
    if report is None:
        return None
    return {"lat": report.lat, "lon": report.lon, "district": report.district, "street": report.street}


def known_facts(site: Site) -> tuple[RoutingFact, ...]:
    """Return those facts with their values: the districts of the city's map."""
    districts = tuple(site.map.districts) if site.map else ()
    return (RoutingFact(name="district", title=_("District"), values=districts),)


REPORTS = CaseKind(
    name=KIND,
    title=_("City report"),
    workflow=WORKFLOW,
    detail_model=Report,
    rating=True,
    publishable=True,
    reopen="reopen",
    split="close",
    made_from_case="reports.convert",
    register_route="reports.register",
    level=1,
    icon="map-pin",
    facts=facts,
    known_facts=known_facts,
    asks=True,
    counter_table=PLACES,
    api_detail=place_detail,
    api_filters=ReportFilters,
    api_condition=report_condition,
    correction=CORRECTION,
    import_columns=COLUMNS,
    import_detail=detail_of,
)
