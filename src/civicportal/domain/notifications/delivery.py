"""Delivery of the outbox.

If the transport supports it, a whole chunk of a broadcast is leased and sent in one call.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select, true
from sqlalchemy.orm import aliased

from civicportal.core.db import NEVER
from civicportal.core.deliveries import DeliveryQueue
from civicportal.core.messages import MOST_AT_ONCE, Lane, Message
from civicportal.domain.notifications import timing, transports
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.outcomes import (
    LOOK_UP_AFTER,
    Outcome,
    SendAttempt,
    Settlement,
    settle,
    worst_outcome,
)
from civicportal.domain.notifications.sending import send
from civicportal.domain.notifications.services import NotificationService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

LANES: tuple[Lane, ...] = ("codes", "notices", "broadcasts")
SEND_TIMEOUT = 5
"""Seconds for one call of a transport to its provider."""
AT_DUSK = timedelta(minutes=1)
"""Messages queued right before the quiet hours may still be sent during them."""
WAITING = ("new", "unknown")
UNSETTLED = ("new", "leased", "unknown")
_EARLIER = aliased(OutboxMessage)
# Literals in the statement, as the partial index requires.
IS_UNSETTLED = OutboxMessage.state.in_(bindparam("states", UNSETTLED, expanding=True, literal_execute=True))
# Built once, because every lane runs it twice a second.
_STIRS = (
    select(OutboxMessage.id)
    .where(
        OutboxMessage.lane == bindparam("lane"),
        IS_UNSETTLED,
        OutboxMessage.next_at < NEVER,
        or_(
            OutboxMessage.next_at <= bindparam("now"),
            OutboxMessage.expires_at <= bindparam("now"),
            OutboxMessage.locked_until <= bindparam("now"),
        ),
    )
    .limit(1)
)


@dataclass(frozen=True, kw_only=True)
class MessageLease:
    """A message that only this worker may send until the lease expires."""

    lease_id: str
    message: Message
    attempt: SendAttempt
    expires_at: datetime | None


def deliver_once(site: "Site", lane: Lane) -> bool:
    """Clean up a lane, and send its next message.

    :returns: whether there was one, so that the caller repeats at once.
    """
    if not _stirs(site, lane):
        return False
    with site.work(write=False) as work:
        service = OutboxDelivery(work)
        untidy, due = service.is_untidy(lane), service.is_due(lane)
    if untidy:
        with site.work() as work:
            OutboxDelivery(work).tidy(lane)
    if not due:
        return False
    with site.work() as work:
        leases = OutboxDelivery(work).lease(lane)
    if not leases:
        return False
    if leases[0].expires_at is not None and leases[0].expires_at <= site.clock.now():
        with site.work() as work:
            OutboxDelivery(work).cancel(leases)
        return True
    outcomes = send(site, [lease.message for lease in leases])
    with site.work() as work:
        OutboxDelivery(work).settle(leases, outcomes)
    return True


def _stirs(site: "Site", lane: Lane) -> bool:
    """Return whether any message is due."""
    with site.engines.read.connect() as connection:
        return connection.scalar(_STIRS, {"lane": lane, "now": site.clock.now()}) is not None


class OutboxDelivery(DeliveryQueue[OutboxMessage]):
    """Statements of one lane; each method is one short transaction."""

    table = OutboxMessage

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.gate = work.get(SendingGateService)

    # -- tidying --------------------------------------------------------------------------------------------

    def is_untidy(self, lane: Lane) -> bool:
        """Return whether a message or a lease has expired."""
        conditions = (self._expired(lane), self._abandoned(lane), self._unsettled_for_good(lane))
        query = select(OutboxMessage.id).where(or_(*conditions))
        return self.session.scalar(query.limit(1)) is not None

    def tidy(self, lane: Lane) -> None:
        """Cancel expired messages.

        Those leased by a dead worker may have been sent and become unknown. Unknown messages past their deadline stay
        unknown and block nothing that follows.
        """
        self.change(self._expired(lane), state="cancelled")
        self.change(
            self._abandoned(lane),
            state="unknown",
            next_at=NEVER if lane == "codes" else self.now + LOOK_UP_AFTER,
            lease_id=None,
            locked_until=None,
            last_error=str(_("the worker was lost while sending")),
        )
        self.change(self._unsettled_for_good(lane), next_at=NEVER)

    def _expired(self, lane: Lane) -> ColumnElement[bool]:
        return and_(
            OutboxMessage.lane == lane, OutboxMessage.state == "new", OutboxMessage.expires_at <= self.now
        )

    def _abandoned(self, lane: Lane) -> ColumnElement[bool]:
        return and_(
            OutboxMessage.lane == lane,
            OutboxMessage.state == "leased",
            OutboxMessage.locked_until <= self.now,
        )

    def _unsettled_for_good(self, lane: Lane) -> ColumnElement[bool]:
        return and_(
            OutboxMessage.lane == lane,
            OutboxMessage.state == "unknown",
            OutboxMessage.expires_at <= self.now,
            OutboxMessage.next_at < NEVER,
        )

    # -- leasing --------------------------------------------------------------------------------------------

    def is_due(self, lane: Lane) -> bool:
        """Return whether a message may be sent now."""
        if not self.gate.is_open and not self.gate.may_probe():
            return False
        return self.session.scalar(self._due(lane)) is not None

    def lease(self, lane: Lane) -> list[MessageLease]:
        """Lease the next message with its companions.

        Nothing if other workers were faster.
        """
        probe = not self.gate.is_open
        row = self.session.scalar(self._due(lane).with_for_update(skip_locked=True))
        if row is None or (probe and not self.gate.take_probe()):
            return []
        companions = () if probe else self._companions(row, lane)
        return [self._take(one, lane, probe) for one in (row, *companions)]

    def _companions(self, row: OutboxMessage, lane: Lane) -> Sequence[OutboxMessage]:
        """Return the messages of the same call."""
        if lane != "broadcasts" or row.batch is None or not transports.takes_many(self.work.site):
            return ()
        query = self._due(lane).where(
            OutboxMessage.id != row.id,
            OutboxMessage.batch == row.batch,
            OutboxMessage.kind == row.kind,
            OutboxMessage.locale == row.locale,
            OutboxMessage.text == row.text,
            OutboxMessage.state == row.state,
            OutboxMessage.expires_at.is_not_distinct_from(row.expires_at),
        )
        return self.session.scalars(query.limit(MOST_AT_ONCE - 1).with_for_update(skip_locked=True)).all()

    def _take(self, row: OutboxMessage, lane: Lane, probe: bool) -> MessageLease:
        maybe_sent = row.state == "unknown"
        lease_id = self.hold(row)
        notifications = self.work.get(NotificationService)
        message = Message(
            id=row.id,
            kind=row.kind,
            lane=lane,
            recipient=row.recipient,
            text=notifications.text_of(row),
            fields=notifications.fields_of(row),
            attempts=row.attempts,
            maybe_sent=maybe_sent,
            provider_id=row.provider_id,
            promised_at=row.created_at,
            locale=row.locale or self.work.site.locale,
        )
        attempt = SendAttempt(lane=lane, number=row.attempts, maybe_sent=maybe_sent, probe=probe)
        return MessageLease(lease_id=lease_id, message=message, attempt=attempt, expires_at=row.expires_at)

    def _due(self, lane: Lane) -> Select[OutboxMessage]:
        # In order for each person and case; a message that is no longer looked up blocks no other.
        is_behind = exists().where(
            _EARLIER.case_id == OutboxMessage.case_id,
            _EARLIER.recipient == OutboxMessage.recipient,
            _EARLIER.id < OutboxMessage.id,
            _EARLIER.state.in_(UNSETTLED),
            _EARLIER.next_at < NEVER,
        )
        return (
            select(OutboxMessage)
            .where(
                OutboxMessage.lane == lane,
                OutboxMessage.state.in_(WAITING),
                OutboxMessage.next_at <= self.now,
                or_(OutboxMessage.expires_at.is_(None), OutboxMessage.expires_at > self.now),
                self._may_disturb(lane),
                ~is_behind,
            )
            .order_by(OutboxMessage.next_at, OutboxMessage.id)
            .limit(1)
        )

    def _may_disturb(self, lane: Lane) -> ColumnElement[bool]:
        """Return the condition that holds back, at night, messages that were queued by day.

        They were not sent because the gate was closed, or an attempt failed. Messages queued at night for immediate
        delivery answer an action of the person.
        """
        quiet = self.work.get(NotificationService).quiet_hours
        around = timing.quiet_hours_around(self.now, quiet, self.work.site.calendar)
        if lane == "codes" or around is None:
            return true()
        return OutboxMessage.created_at >= around[0] - AT_DUSK

    # -- settling -------------------------------------------------------------------------------------------

    def cancel(self, leases: Sequence[MessageLease]) -> None:
        """Cancel leased messages whose deadline has passed.

        Those that may have been sent stay unknown.
        """
        for lease in leases:
            state = "unknown" if lease.attempt.maybe_sent else "cancelled"
            self.finish(
                [lease.message.id],
                lease.lease_id,
                state=state,
                next_at=NEVER,
                attempts=lease.attempt.number - 1,
            )

    def settle(self, leases: Sequence[MessageLease], outcomes: Sequence[Outcome]) -> None:
        """Store the outcome of each message of a call, unless its lease has expired.

        One call gives one verdict on the transport. Messages to be retried are retried together, after the same pause.
        """
        chance = secrets.SystemRandom().random()
        results = [
            self._settle(lease, outcome, chance) for lease, outcome in zip(leases, outcomes, strict=True)
        ]
        worst = worst_outcome(results)
        self.gate.judge(worst.verdict, worst.error)

    def _settle(self, lease: MessageLease, outcome: Outcome, chance: float) -> Settlement:
        result = settle(lease.attempt, outcome, self.now, chance)
        values: dict[str, object] = {
            "state": result.state,
            "next_at": result.next_at,
            "attempts": result.attempts,
            "last_error": result.error,
        }
        if result.state == "sent":
            values["sent_at"] = self.now
        provider_id = getattr(outcome, "provider_id", None)
        if provider_id:
            values["provider_id"] = provider_id
        self.finish([lease.message.id], lease.lease_id, **values)
        return result
