"""The kind "feedback" and its workflow, as data."""

from civicportal.api.cases import (
    Case,
    CaseKind,
    CaseService,
    PublicAnswer,
    Reason,
    State,
    Transition,
    Workflow,
)
from civicportal.api.database import Work
from civicportal.api.forms import CleanText, Node, StrictSchema
from civicportal.api.organization import OrganizationService
from civicportal_feedback.api_filters import FeedbackFilters, message_condition
from civicportal_feedback.i18n import _
from civicportal_feedback.importing import COLUMNS, detail_of
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback

KIND = "feedback"
OPEN = ("registered", "in_review")
CLOSED = ("answered", "archived", "withdrawn")
ANONYMOUS, NAMED = 0, 1
"""Identity levels: anonymous messages need none, others a verified mobile."""


class MessageWithdrawal(StrictSchema):
    """The optional reason for which a citizen withdraws a message."""

    public_text = Node(
        CleanText(0, 500, multiline=True),
        title=_("Why do you withdraw it?"),
        description=_("Staff who handle the message read this."),
        missing="",
        rows=3,
    )


WORKFLOW = Workflow(
    initial="registered",
    states=(
        State(name="registered", title=_("Registered"), stage="registered", likely="answer"),
        State(name="in_review", title=_("Being looked at"), stage="in_progress", likely="answer"),
        State(name="answered", title=_("Answered"), stage="done"),
        State(name="archived", title=_("Archived"), stage="rejected"),
        State(name="withdrawn", title=_("Withdrawn by the citizen"), stage="rejected"),
    ),
    transitions=(
        Transition(name="answer", title=_("Answer"), sources=OPEN, target="answered", schema=PublicAnswer),
        Transition(
            name="start_review",
            title=_("Start to look at it"),
            sources=("registered",),
            target="in_review",
        ),
        Transition(
            name="archive",
            title=_("Archive without an answer"),
            sources=OPEN,
            target="archived",
            schema=Reason,
        ),
        Transition(
            name="withdraw",
            title=_("Withdraw the message"),
            sources=OPEN,
            target="withdrawn",
            actors=frozenset({"citizen"}),
            schema=MessageWithdrawal,
            confirm=_("The message is closed and no longer handled."),
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
    """Return the facts of a message for routing rules."""
    feedback: Feedback | None = work.get(CaseService).detail(case)
    if feedback is None:
        return {}
    unit = work.get(OrganizationService).units.by_id.get(feedback.unit_id or 0)
    return {"type": feedback.type, "about": unit.key if unit else ""}


def subjects(work: Work, locale: str) -> list[str]:
    """Return the subjects of messages: a type, with or without a unit."""
    translate = work.site.localizer(locale).translate
    units = work.get(OrganizationService).units_in(locale).by_id.values()
    return [
        str(translate(text))[:200]
        for one in TYPES.values()
        for text in (one.title, *(_(one.about, mapping={"unit": unit.name}) for unit in units))
    ]


FEEDBACK = CaseKind(
    name=KIND,
    title=_("Message to the municipality"),
    workflow=WORKFLOW,
    detail_model=Feedback,
    rating=True,
    reopen="reopen",
    handover="archive",
    register_route="feedback.register",
    level=ANONYMOUS,
    icon="message-2",
    facts=facts,
    subjects=subjects,
    api_filters=FeedbackFilters,
    api_condition=message_condition,
    import_columns=COLUMNS,
    import_detail=detail_of,
)
