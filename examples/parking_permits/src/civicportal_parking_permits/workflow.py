"""The kind "parking_permits" and its workflow, as data."""

from collections.abc import Mapping
from datetime import timedelta

from translationstring import TranslationString

from civicportal.api.cases import (
    Case,
    CaseKind,
    CaseService,
    Prefill,
    Reason,
    RoutingFact,
    State,
    Transition,
    Workflow,
)
from civicportal.api.database import Work
from civicportal.api.forms import Values
from civicportal.api.plugins import Site
from civicportal_parking_permits import schemas
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.names import KIND, PAYMENT
from civicportal_parking_permits.settings import money
from civicportal_parking_permits.terms import last_day_of
from civicportal_parking_permits.zones import ZoneService

TITLE = _("Parking permits")
ICON = "parking"
WAITING = ("applied", "checked")
UNPAID = (*WAITING, "payment_due")


def zone_has_room(case: Case, work: Work) -> TranslationString | None:
    """Refuse a payment request while the zone is full."""
    permit = work.session.get_one(Permit, case.id)
    return None if work.get(ZoneService).has_room(permit) else _("No place is free in this zone.")


def usual_fee(case: Case, work: Work) -> Prefill:
    """Prefill the fee of the zone for the requested months."""
    permit = work.session.get_one(Permit, case.id)
    fee = work.session.get_one(Zone, permit.zone_id).fee * permit.months
    return Prefill(initial={"fee": fee})


def usual_days(case: Case, work: Work) -> Prefill:
    """Prefill the term: from today, or from the day after the renewed permit."""
    permit, calendar = work.session.get_one(Permit, case.id), work.site.calendar
    first = calendar.today(work.clock.now())
    earlier = work.session.get(Permit, permit.renews_id) if permit.renews_id else None
    if earlier and earlier.last_day:
        first = max(first, earlier.last_day + timedelta(days=1))
    return Prefill(initial={"first_day": first, "last_day": last_day_of(calendar, first, permit.months)})


def message_values(values: Values, work: Work) -> Mapping[str, str] | None:
    """Return the message's values of the fee or the last day in the form."""
    if "fee" in values:
        return {"FEE": money(work, values["fee"])}
    if "last_day" in values:
        return schemas.moment_of(work.site.calendar, values["last_day"])
    return None


WORKFLOW = Workflow(
    initial="applied",
    states=(
        State(name="applied", title=_("Applied"), stage="registered"),
        State(name="checked", title=_("Documents checked"), stage="in_progress"),
        State(name="payment_due", title=_("Waits for payment"), stage="in_progress", pauses_deadline=True),
        State(name="paid", title=_("Paid"), stage="in_progress"),
        State(name="issued", title=_("Issued"), stage="done"),
        State(name="expired", title=_("Expired"), stage="done"),
        State(name="refused", title=_("Refused"), stage="rejected"),
        State(name="withdrawn", title=_("Withdrawn"), stage="rejected"),
    ),
    transitions=(
        Transition(
            name="check",
            title=_("The documents are in order"),
            sources=("applied",),
            target="checked",
            notify=False,
        ),
        Transition(
            name="ask_payment",
            title=_("Ask for the payment"),
            sources=("checked",),
            target="payment_due",
            guards=(zone_has_room,),
            schema=schemas.Fee,
            prefill=usual_fee,
            releases=True,
            notice=message_values,
        ),
        Transition(
            name="record_payment",
            title=_("Record the payment"),
            sources=("payment_due",),
            target="paid",
            permission=PAYMENT,
            schema=schemas.Payment,
            releases=True,
        ),
        Transition(
            name="issue",
            title=_("Issue the permit"),
            sources=("paid",),
            target="issued",
            schema=schemas.Term,
            prefill=usual_days,
            notice=message_values,
        ),
        Transition(
            name="expire",
            title=_("Let it expire"),
            sources=("issued",),
            target="expired",
            actors=frozenset({"system"}),
        ),
        Transition(name="refuse", title=_("Refuse"), sources=UNPAID, target="refused", schema=Reason),
        Transition(
            name="withdraw",
            title=_("Withdraw the application"),
            sources=UNPAID,
            target="withdrawn",
            actors=frozenset({"citizen"}),
            schema=schemas.Remarks,
        ),
        Transition(
            name="reopen", title=_("Look at it again"), sources=("refused",), target="applied", schema=Reason
        ),
    ),
)


def message_fields(case: Case, work: Work) -> dict[str, str]:
    """Return the fields of messages about a permit."""
    fee = work.session.get_one(Permit, case.id).fee
    return {} if fee is None else {"FEE": money(work, fee)}


def facts(case: Case, work: Work) -> dict[str, str]:
    """Return the facts of an application for routing rules."""
    permit: Permit | None = work.get(CaseService).detail(case)
    return {"zone": work.session.get_one(Zone, permit.zone_id).name} if permit else {}


def known_facts(site: Site) -> tuple[RoutingFact, ...]:
    """Return those facts with their values: the zones of the city."""
    with site.work(write=False) as work:
        names = tuple(zone.name for zone in work.get(ZoneService).all())
    return (RoutingFact(name="zone", title=_("Zone"), values=names),)


PERMITS = CaseKind(
    name=KIND,
    title=TITLE,
    workflow=WORKFLOW,
    detail_model=Permit,
    papers=True,
    # It begins with the plate of their car.
    own_subject=True,
    icon=ICON,
    facts=facts,
    known_facts=known_facts,
    message_fields=message_fields,
)
