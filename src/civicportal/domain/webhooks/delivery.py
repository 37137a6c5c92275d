"""Delivery of events to webhooks.

A worker leases what one webhook may be sent, sends it over one connection, and settles it. Different webhooks are
served by different threads, so that a slow one delays no other.
"""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, and_, bindparam, exists, insert, or_, select
from sqlalchemy.orm import aliased

from civicportal import __version__
from civicportal.core.crypto import CannotDecrypt
from civicportal.core.db import UTCDateTime
from civicportal.core.deliveries import DeliveryQueue, pause
from civicportal.core.serving.proxies import networks
from civicportal.domain.notifications.troubles import keep
from civicportal.domain.webhooks.events import CONTENT_TYPE
from civicportal.domain.webhooks.models import Webhook, WebhookAttempt, WebhookDelivery, WebhookHealth
from civicportal.domain.webhooks.sending import SendResult, WebhookConnection
from civicportal.domain.webhooks.services import WebhookService
from civicportal.domain.webhooks.signing import signed_headers

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

THREADS = 4
"""Webhooks that are served at the same time by one worker."""
BATCH = 25
"""Events in one lease."""
BATCH_SECONDS = 20.0
"""After this time a batch is given back; with the last request it stays well within its lease."""
PROBING_AFTER = 3
"""Failures in a row after which the address is tried with single events until one succeeds."""
LONGEST_PROBE_PAUSE = timedelta(minutes=30)
PAUSED_AFTER = timedelta(days=3)
"""An address that has failed for so long is paused."""

_OTHER = aliased(WebhookDelivery)
_NOW = bindparam("now", type_=UTCDateTime())
# Literals in the statements, as the partial index requires.
_STATES: BindParameter[Sequence[str]] = bindparam(
    "states", ("new", "leased"), expanding=True, literal_execute=True
)
_DUE = and_(
    WebhookDelivery.state.in_(_STATES),
    WebhookDelivery.next_at <= _NOW,
    # The worker that leased it was lost; the receiver knows the event by its id if it got it.
    or_(WebhookDelivery.state == "new", WebhookDelivery.locked_until <= _NOW),
)
#: In order for each case: an event waits for the earlier ones.
_IS_BEHIND = exists().where(
    _OTHER.case_id == WebhookDelivery.case_id,
    _OTHER.webhook_id == WebhookDelivery.webhook_id,
    _OTHER.id < WebhookDelivery.id,
    _OTHER.state.in_(_STATES),
)
_IS_BUSY = exists().where(
    _OTHER.webhook_id == Webhook.id,
    _OTHER.state.in_(_STATES),
    _OTHER.next_at <= _NOW,
    _OTHER.locked_until > _NOW,
)
#: Webhooks with something to send, the one served longest ago first. Built once: every thread runs it twice a second.
_READY = (
    select(Webhook.id)
    .outerjoin(WebhookHealth, WebhookHealth.webhook_id == Webhook.id)
    .where(
        Webhook.paused == "",
        or_(WebhookHealth.retry_at.is_(None), WebhookHealth.retry_at <= _NOW),
        exists().where(WebhookDelivery.webhook_id == Webhook.id, _DUE),
        ~_IS_BUSY,
    )
    .order_by(WebhookHealth.tried_at.asc().nulls_first(), Webhook.id)
)
_NEXT = (
    select(WebhookDelivery)
    .where(WebhookDelivery.webhook_id == bindparam("webhook"), _DUE, ~_IS_BEHIND)
    .order_by(WebhookDelivery.id)
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, kw_only=True)
class DeliveryLease:
    """An event that only this worker may send until the lease of its batch expires."""

    id: int
    event_id: str
    attempt: int
    expires_at: datetime | None
    body: bytes


@dataclass(frozen=True, kw_only=True)
class DeliveryBatch:
    """Events of one webhook that were leased together.

    :ivar secrets: those that sign, the newest first.
    """

    lease_id: str
    webhook_id: int
    address: str
    secrets: Sequence[str]
    leases: Sequence[DeliveryLease]


def deliver_once(site: "Site") -> bool:
    """Send what one webhook may be sent.

    :returns: whether there was anything, so that the caller repeats at once.
    """
    with site.engines.read.connect() as connection:
        ready = connection.scalars(_READY, {"now": site.clock.now()}).all()
    for webhook_id in ready:
        with site.work() as work:
            batch = WebhookQueue(work).lease(webhook_id)
        if batch is not None:
            results = send_batch(site, batch)
            with site.work() as work:
                WebhookQueue(work).settle(batch, results)
            return True
    return False


def send_batch(site: "Site", batch: DeliveryBatch) -> list[SendResult]:
    """Send the events of a batch in order.

    It ends early when the receiver does not answer; the rest is given back.

    :returns: a result for each of the first events.
    """
    private = networks(site.settings["webhooks"]["private_networks"])
    connection = WebhookConnection(batch.address, private, public=not site.is_demo)
    results: list[SendResult] = []
    ends = time.monotonic() + BATCH_SECONDS
    try:
        for lease in batch.leases:
            if results and (results[-1].is_about_receiver or time.monotonic() > ends):
                break
            now = site.clock.now()
            headers = {
                "content-type": CONTENT_TYPE,
                "user-agent": f"civicportal/{__version__}",
                **signed_headers(batch.secrets, lease.event_id, now, lease.body),
            }
            results.append(connection.send(headers, lease.body, now, batch.secrets))
    finally:
        connection.close()
    return results


class WebhookQueue(DeliveryQueue[WebhookDelivery]):
    """Statements of the delivery; each method is one short transaction."""

    table = WebhookDelivery

    def lease(self, webhook_id: int) -> DeliveryBatch | None:
        """Lease the next events of a webhook; None if another worker was faster."""
        webhook = self.session.get(Webhook, webhook_id)
        if webhook is None or webhook.paused:
            return None
        health = self.session.get(WebhookHealth, webhook_id)
        is_probe = health is not None and health.failures >= PROBING_AFTER
        parameters = {"webhook": webhook_id, "now": self.now}
        rows = self.session.scalars(_NEXT.limit(1 if is_probe else BATCH), parameters).all()
        if not rows:
            return None
        try:
            keys = self.work.get(WebhookService).secrets(webhook)
        except CannotDecrypt:
            log.error("the secret of webhook %s cannot be decrypted: is a key missing?", webhook_id)
            return None
        lease_id = self.hold(*rows)
        leases = [
            DeliveryLease(
                id=row.id,
                event_id=row.event_id,
                attempt=row.attempts,
                expires_at=row.expires_at,
                body=row.body.encode(),
            )
            for row in rows
        ]
        return DeliveryBatch(
            lease_id=lease_id, webhook_id=webhook_id, address=webhook.address, secrets=keys, leases=leases
        )

    def settle(self, batch: DeliveryBatch, results: Sequence[SendResult]) -> None:
        """Store the results of a batch, and give the rest back."""
        done = list(zip(batch.leases, results, strict=False))
        self.session.execute(insert(WebhookAttempt), [_attempt(lease, result) for lease, result in done])
        accepted = [lease.id for lease, result in done if result.error is None]
        self.finish(accepted, batch.lease_id, state="sent", sent_at=self.now, last_error="")
        for lease, result in done:
            if result.error is not None:
                self.finish([lease.id], batch.lease_id, **self._failure(lease, result))
        rest = [lease.id for lease in batch.leases[len(results) :]]
        self.finish(rest, batch.lease_id, state="new", attempts=WebhookDelivery.attempts - 1)
        self._note_health(batch.webhook_id, results)

    def _failure(self, lease: DeliveryLease, result: SendResult) -> dict[str, object]:
        next_at = self.retry_at(lease.attempt, result.retry_after)
        is_over = result.is_gone or (lease.expires_at is not None and next_at > lease.expires_at)
        return {"state": "dead" if is_over else "new", "next_at": next_at, "last_error": _kept(result)}

    def _note_health(self, webhook_id: int, results: Sequence[SendResult]) -> None:
        # The lock lets other transactions queue events for the webhook.
        webhook = self.session.get(Webhook, webhook_id, with_for_update={"key_share": True})
        if webhook is None:
            # It was deleted while its events were sent.
            return
        health = self.session.get(WebhookHealth, webhook_id)
        if health is None:
            health = WebhookHealth(webhook_id=webhook_id, failures=0)
            self.session.add(health)
        health.tried_at = self.now
        was_closed = health.retry_at is not None
        for result in results:
            if result.error is None:
                health.failures, health.failing_since, health.retry_at = 0, None, None
                health.last_ok_at = self.now
                continue
            health.failures += 1
            health.failing_since = health.failing_since or self.now
            if result.is_about_receiver or health.failures >= PROBING_AFTER:
                wait = pause(health.failures, secrets.SystemRandom().random(), None)
                wait = max(min(wait, LONGEST_PROBE_PAUSE), timedelta(seconds=result.retry_after or 0))
                health.retry_at = self.now + wait
        service = self.work.get(WebhookService)
        if was_closed and health.retry_at is None:
            service.hasten(webhook_id)
        if any(result.is_gone for result in results):
            service.pause(webhook, "gone")
        elif health.failing_since and health.failing_since <= self.now - PAUSED_AFTER:
            service.pause(webhook, "failing")


def _attempt(lease: DeliveryLease, result: SendResult) -> dict[str, object]:
    return {
        "delivery_id": lease.id,
        "at": result.at,
        "status": result.status,
        "milliseconds": result.milliseconds,
        "error": _kept(result),
        "answer": result.answer,
    }


def _kept(result: SendResult) -> str:
    return keep(result.error) if result.error else ""
