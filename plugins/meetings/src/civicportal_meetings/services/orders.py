"""Orders of the mayor: cases with a unit and a deadline, linked to their meeting."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from civicportal.api.cases import (
    AccessService,
    Case,
    CaseEvent,
    CaseLink,
    CaseService,
    RatingService,
    kind_of,
)
from civicportal.api.database import Service, Work
from civicportal.api.kartable import KartableService, RoutingTarget
from civicportal.api.organization import OrganizationService, Unit
from civicportal.api.plugins import Forbidden, Refused
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Order
from civicportal_meetings.names import GIVE_ORDERS, KIND, ORDERS, REFER_ORDERS

SUBJECT = 80
"""Maximum characters of an order's subject."""


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """A new order.

    :ivar days: office days of the deadline.
    :ivar idempotency_key: of the form; one meeting's key creates one order.
    """

    text: str
    unit: Unit
    days: int
    idempotency_key: str = ""


class OrderService(Service):
    """Create and route orders, and notify the citizen of the result."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    def may_give(self, meeting: Case) -> bool:
        """Return whether the actor may create orders of this meeting."""
        access = self.work.get(AccessService)
        allowed = all(access.allows(meeting, right) for right in (GIVE_ORDERS, REFER_ORDERS))
        return allowed and access.can(meeting, "work")

    def units(self) -> dict[str, Unit]:
        """Return the units to which orders can be given, by key."""
        units = self.work.get(OrganizationService).units.by_id.values()
        return {unit.key: unit for unit in units if unit.active}

    def give(self, meeting: Case, new: NewOrder) -> Case:
        """Open an order, link it to its meeting, and refer it to its unit.

        A resubmitted form returns the same order.

        :raises Forbidden: without the right.
        :raises Refused: when the meeting has not taken place.
        """
        if not self.may_give(meeting):
            raise Forbidden("may not give orders")
        if meeting.kind != KIND or meeting.status != "held":
            raise Refused(_("Orders come from a meeting that was held."))
        key = f"{ORDERS}:{meeting.id}:{new.idempotency_key}" if new.idempotency_key else None
        return self.work.get(CaseService).open_once(key, lambda: self._open(meeting, new, key))

    def _open(self, meeting: Case, new: NewOrder, key: str | None) -> Case:
        order = self.cases.open(
            kind_of(self.work.site, ORDERS),
            subject=_shortened(new.text),
            body=new.text,
            citizen_id=None,
            detail=Order(meeting_id=meeting.id, deadline_days=new.days),
            source="office",
            idempotency_key=key,
        )
        self.session.add(
            CaseLink(from_id=meeting.id, to_id=order.id, type="follow_up", created_at=self.work.clock.now())
        )
        self.session.flush()
        if order.unit_id != new.unit.id:
            self.work.get(KartableService).refer(order, new.unit.id)
        return order

    def route(self, case: Case) -> RoutingTarget:
        """Return the route of an order: to the mayor's office, which refers it and keeps access."""
        order: Order | None = self.cases.detail(case)
        unit = self.work.site.plugin_settings[KIND]["unit"]
        return RoutingTarget(unit=unit, deadline_days=order.deadline_days if order else None)

    def of(self, meeting: Case) -> Sequence[Case]:
        """Return the orders of a meeting, oldest first."""
        query = select(Case).join(Order, Order.case_id == Case.id).where(Order.meeting_id == meeting.id)
        return self.session.scalars(query.order_by(Case.id)).all()

    def share(self, order: Case) -> Case:
        """Share the result of an order with the citizen of the meeting.

        :returns: the meeting's case.
        :raises Refused: while it is open, and when this result was shared already.
        """
        detail = self.session.get_one(Order, order.id)
        closing = self._closing(order)
        if closing is None:
            raise Refused(_("The order is not closed yet."))
        if self.is_told(order):
            raise Refused(_("The citizen has been told already."))
        meeting = self.session.get_one(Case, detail.meeting_id)
        self.cases.comment(meeting, closing.public_text, expert=True, public=True)
        detail.shared_at = self.work.clock.now()
        return meeting

    def result(self, order: Case) -> str:
        """Return what the unit has written, empty while the order is open."""
        closing = self._closing(order)
        return closing.public_text if closing else ""

    def meeting(self, order: Case) -> Case | None:
        """Return the meeting of an order, None if the actor may not see it."""
        query = select(Case).join(Order, Order.meeting_id == Case.id).where(Order.case_id == order.id)
        return self.session.scalar(query.where(self.work.get(AccessService).visible()))

    def is_told(self, order: Case) -> bool:
        """Return whether the citizen knows the current result.

        A reopened order may end differently.
        """
        told, closing = self.session.get_one(Order, order.id).shared_at, self._closing(order)
        return told is not None and closing is not None and told >= closing.at

    def _closing(self, order: Case) -> CaseEvent | None:
        return None if order.is_open else self.work.get(RatingService).closing(order)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUBJECT else f"{line[: SUBJECT - 1].rstrip()}…"
