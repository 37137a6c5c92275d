"""The kinds "meetings" and "orders" and their workflows, as data."""

from collections.abc import Callable, Mapping
from typing import Literal

from translationstring import TranslationString

from civicportal.api.cases import Case, CaseKind, Reason, State, Transition, Workflow
from civicportal.api.database import Work
from civicportal_meetings import importing, prefill, schemas
from civicportal_meetings.correction import CORRECTION
from civicportal_meetings.i18n import _
from civicportal_meetings.identity import facts_of_identity
from civicportal_meetings.models import MeetingRequest, Order
from civicportal_meetings.names import KIND, MINUTES, ORDERS
from civicportal_meetings.services.appointments import AppointmentService

WAITING = ("registered", "in_review")
OPEN = (*WAITING, "scheduled")
CITIZEN: frozenset[Literal["citizen"]] = frozenset({"citizen"})


def after_the_beginning(case: Case, work: Work) -> TranslationString | None:
    """Refuse to record a result before the meeting."""
    appointment = work.get(AppointmentService).current(case)
    if appointment is None or appointment.start <= work.clock.now():
        return None
    return _("The meeting has not begun yet.")


def before_the_beginning(case: Case, work: Work) -> TranslationString | None:
    """Refuse an answer after the meeting has begun."""
    appointment = work.get(AppointmentService).current(case)
    if appointment is None or appointment.start > work.clock.now():
        return None
    return _("The time of the meeting has come already.")


def appointment_detail(case: Case, work: Work) -> Mapping[str, object] | None:
    """Return the appointment of a request for the API; of a closed request the last one."""
    found = work.get(AppointmentService).current(case)
    if found is None:
        return None
    return {"start": found.start, "end": found.end, "place": found.place, "response": found.response}


def not_answered(answer: str) -> Callable[[Case, Work], TranslationString | None]:
    """Return a guard that refuses a repeated answer of the citizen."""

    def guard(case: Case, work: Work) -> TranslationString | None:
        appointment = work.get(AppointmentService).current(case)
        if appointment is None or appointment.response != answer:
            return None
        return _("You have answered already.")

    return guard


MEETING_WORKFLOW = Workflow(
    initial="registered",
    states=(
        State(name="registered", title=_("Registered"), stage="registered"),
        State(
            name="in_review",
            title=_("In review by the office"),
            stage="in_progress",
            public_title=_("In progress"),
            likely="schedule",
        ),
        # From now on the deadline is the office's, for recording the result.
        State(
            name="scheduled",
            title=_("Time set"),
            stage="in_progress",
            tells_deadline=False,
            likely="hold",
        ),
        State(name="held", title=_("Meeting held"), stage="done"),
        State(name="declined", title=_("Not agreed to"), stage="rejected"),
        State(name="cancelled", title=_("Cancelled"), stage="rejected"),
        State(name="absent", title=_("Did not come"), stage="rejected"),
    ),
    transitions=(
        Transition(
            name="start_review", title=_("Start the review"), sources=("registered",), target="in_review"
        ),
        Transition(
            name="schedule",
            title=_("Set a time"),
            sources=WAITING,
            target="scheduled",
            schema=schemas.Schedule,
            prefill=prefill.first_time,
            notice=prefill.time_message_values,
        ),
        Transition(
            name="reschedule",
            title=_("Set another time"),
            sources=("scheduled",),
            target="scheduled",
            schema=schemas.Reschedule,
            prefill=prefill.other_time,
            notice=prefill.time_message_values,
        ),
        Transition(
            name="invite",
            title=_("Invite to a public meeting day"),
            sources=OPEN,
            target="scheduled",
            schema=schemas.Invite,
            prefill=prefill.seats,
            notice=prefill.seat_message_values,
        ),
        Transition(
            name="recall",
            title=_("Take the time back"),
            sources=("scheduled",),
            target="in_review",
            actors=frozenset({"staff", "system"}),
            schema=Reason,
            text="recalled",
        ),
        Transition(
            name="hold",
            title=_("The meeting was held"),
            sources=("scheduled",),
            target="held",
            permission=MINUTES,
            guards=(after_the_beginning,),
            schema=schemas.Minutes,
        ),
        Transition(
            name="miss",
            title=_("The citizen did not come"),
            sources=("scheduled",),
            target="absent",
            guards=(after_the_beginning,),
        ),
        Transition(
            name="decline", title=_("Decline the request"), sources=WAITING, target="declined", schema=Reason
        ),
        Transition(
            name="cancel",
            title=_("Cancel the meeting"),
            sources=("scheduled",),
            target="cancelled",
            schema=Reason,
        ),
        Transition(
            name="reopen",
            title=_("Open again"),
            sources=("declined", "cancelled", "absent"),
            target="in_review",
            schema=Reason,
        ),
        Transition(
            name="confirm",
            title=_("I shall come"),
            sources=("scheduled",),
            target="scheduled",
            actors=CITIZEN,
            notify=False,
            guards=(before_the_beginning, not_answered("confirmed")),
        ),
        Transition(
            name="ask_another_time",
            title=_("Ask for another time"),
            sources=("scheduled",),
            target="scheduled",
            actors=CITIZEN,
            notify=False,
            guards=(before_the_beginning, not_answered("other_time")),
            schema=schemas.OtherTime,
        ),
        Transition(
            name="decline_invitation",
            title=_("I cannot come at this time"),
            sources=("scheduled",),
            target="in_review",
            actors=CITIZEN,
            notify=False,
            guards=(before_the_beginning,),
            schema=schemas.OptionalNote,
        ),
        Transition(
            name="withdraw",
            title=_("Withdraw the request"),
            sources=OPEN,
            target="cancelled",
            actors=CITIZEN,
            guards=(before_the_beginning,),
            schema=schemas.OptionalNote,
        ),
    ),
)

ORDER_WORKFLOW = Workflow(
    initial="registered",
    states=(
        State(name="registered", title=_("Registered"), stage="registered"),
        State(name="in_progress", title=_("In progress"), stage="in_progress", likely="finish"),
        State(name="done", title=_("Carried out"), stage="done"),
        State(name="rejected", title=_("Cannot be carried out"), stage="rejected"),
    ),
    transitions=(
        # An order has no citizen to notify; its result is shared from its page.
        Transition(
            name="start",
            title=_("Start the work"),
            sources=("registered",),
            target="in_progress",
            notify=False,
        ),
        Transition(
            name="finish",
            title=_("Carried out"),
            sources=("registered", "in_progress"),
            target="done",
            schema=schemas.OrderResult,
            notify=False,
        ),
        Transition(
            name="reject",
            title=_("Cannot be carried out"),
            sources=("registered", "in_progress"),
            target="rejected",
            schema=schemas.OrderResult,
            notify=False,
        ),
        Transition(
            name="reopen",
            title=_("Open again"),
            sources=("done", "rejected"),
            target="in_progress",
            schema=schemas.OrderResult,
            notify=False,
        ),
    ),
)

MEETINGS = CaseKind(
    name=KIND,
    title=_("Meeting with the mayor"),
    workflow=MEETING_WORKFLOW,
    detail_model=MeetingRequest,
    papers=True,
    own_subject=True,
    level=1,
    register_route="meetings.register",
    icon="calendar-event",
    identity=facts_of_identity,
    api_detail=appointment_detail,
    import_columns=importing.COLUMNS,
    import_moments=importing.MOMENTS,
    import_personal=importing.PERSONAL,
    import_detail=importing.detail_of,
    import_written=importing.written,
    correction=CORRECTION,
)
MAYORS_ORDERS = CaseKind(
    name=ORDERS,
    title=_("Order of the mayor"),
    workflow=ORDER_WORKFLOW,
    detail_model=Order,
    icon="clipboard-list",
)
