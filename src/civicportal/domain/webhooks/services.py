"""Webhooks: administration, and queuing of events in the transaction of their cause."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, delete, func, select, update

from civicportal.core.crypto import new_token
from civicportal.core.work import EventPublisher
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.webhooks.events import TEST, body_of, data_of, events_of, names_of
from civicportal.domain.webhooks.models import Webhook, WebhookAttempt, WebhookDelivery, WebhookHealth
from civicportal.domain.webhooks.signing import new_secret
from civicportal.util.errors import Conflict, NotFound
from civicportal.util.i18n import _
from civicportal.util.lists import IdPage, newest_first

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


OVERLAP = timedelta(hours=24)
"""How long the former secret signs too after a new one was made."""
MOST_WEBHOOKS = 50
COUNTED = timedelta(days=30)
PAUSES = {
    "person": _("Paused by an administrator"),
    "failing": _("Paused: the address has failed for days"),
    "restored": _("Paused: the portal was restored from a backup"),
    "gone": _("Stopped: the receiver wants no events any more"),
}
"""Why a webhook sends nothing. Events are collected except for the last one, and sent or replayed later."""
STATES = {
    "new": _("Waiting"),
    "leased": _("Being sent"),
    "sent": _("Delivered"),
    "dead": _("Failed"),
}


@dataclass(frozen=True, kw_only=True)
class WebhookSummary:
    """How a webhook is doing.

    :ivar counts: deliveries of the last thirty days by state.
    """

    health: WebhookHealth | None
    counts: Mapping[str, int]

    @property
    def waiting(self) -> int:
        """Return the number of deliveries not settled."""
        return self.counts.get("new", 0) + self.counts.get("leased", 0)

    @property
    def is_failing(self) -> bool:
        """Return whether the last attempt failed."""
        return self.health is not None and self.health.failures > 0


class WebhookService(EventPublisher):
    """Administer webhooks, and queue events for them."""

    # -- events ---------------------------------------------------------------------------------------------

    def case_changed(self, change: CaseChange) -> None:
        """Queue the events of a change for the webhooks that have ordered them."""
        listening = self._collecting()
        if not listening:
            return
        rows: list[dict[str, object]] = []
        for name in names_of(change):
            hearing = [hook for hook in listening if name in hook.events and self._fits(hook, change)]
            if hearing:
                cause = f"{name}:{change.event.id}"
                event_id = self._event_id(cause)
                data = data_of(self.work, name, change)
                body = body_of(
                    self.work.site,
                    name,
                    event_id=event_id,
                    at=change.event.at,
                    data=data,
                    subject=change.case.code,
                )
                rows += [self._row(hook, name, event_id, body, change.case.id) for hook in hearing]
        if rows:
            self._queue(rows)

    def publish(self, event: str, *, subject: str, data: Mapping[str, object]) -> None:
        """Queue an event of a plugin; see :meth:`~civicportal.core.work.Work.publish`."""
        if event not in events_of(self.work.site):
            raise ValueError(f"no plugin registers the event {event!r}")
        hearing = [hook for hook in self._collecting() if event in hook.events]
        if hearing:
            event_id, now = self._event_id(f"{event}:{new_token()}"), self.work.clock.now()
            body = body_of(self.work.site, event, event_id=event_id, at=now, data=data, subject=subject)
            self._queue([self._row(hook, event, event_id, body, None) for hook in hearing])

    def test(self, webhook: Webhook) -> WebhookDelivery:
        """Queue an event that says only that it is a test."""
        if webhook.paused:
            raise Conflict("the webhook is paused")
        now = self.work.clock.now()
        event_id = self._event_id(f"{TEST}:{new_token()}")
        body = body_of(
            self.work.site,
            TEST,
            event_id=event_id,
            at=now,
            data={"message": "This event tests the webhook."},
        )
        delivery = WebhookDelivery(**self._row(webhook, TEST, event_id, body, None))
        self.session.add(delivery)
        self.session.flush()
        self._record("test", webhook)
        return delivery

    def _queue(self, rows: list[dict[str, object]]) -> None:
        self.session.execute(self.work.site.engines.insert(WebhookDelivery).values(rows))

    def _collecting(self) -> "Sequence[Webhook]":
        """Return the webhooks for which events are queued."""
        return [hook for hook in self.work.reference("webhooks", _read) if hook.paused != "gone"]

    def _fits(self, webhook: Webhook, change: CaseChange) -> bool:
        """Return whether a case belongs to the category and the unit of a webhook.

        A case that leaves the unit still belongs to it.
        """
        organization = self.work.get(OrganizationService)
        case, referral = change.case, change.referral
        if webhook.category_id and case.category_id not in organization.categories.subtree(
            webhook.category_id
        ):
            return False
        units = {case.unit_id, referral.from_unit_id if referral else None}
        return not webhook.unit_id or not units.isdisjoint(organization.units.subtree(webhook.unit_id))

    def _event_id(self, cause: str) -> str:
        """Return the id of an event: the same for all webhooks, and told by nothing but the cause."""
        digest = self.work.site.keys.mac("webhook-event", cause)
        return f"evt_{digest.hex()[:32]}"

    def _row(
        self, webhook: Webhook, name: str, event_id: str, body: str, case_id: int | None
    ) -> dict[str, object]:
        now = self.work.clock.now()
        return {
            "webhook_id": webhook.id,
            "event_id": event_id,
            "event": name,
            "case_id": case_id,
            "body": body,
            "state": "new",
            "attempts": 0,
            "created_at": now,
            "next_at": now,
            "expires_at": now + self._patience,
            "last_error": "",
        }

    @property
    def _patience(self) -> timedelta:
        return timedelta(hours=self.work.site.settings["webhooks"]["retry_hours"])

    # -- administration -------------------------------------------------------------------------------------

    def all(self) -> Sequence[Webhook]:
        """Return all webhooks, in the order in which they were made."""
        return self.session.scalars(select(Webhook).order_by(Webhook.id)).all()

    def summaries(self, webhooks: Iterable[Webhook]) -> dict[int, WebhookSummary]:
        """Return how webhooks are doing, by id."""
        ids = [webhook.id for webhook in webhooks]
        health = {
            row.webhook_id: row
            for row in self.session.scalars(select(WebhookHealth).where(WebhookHealth.webhook_id.in_(ids)))
        }
        query = (
            select(WebhookDelivery.webhook_id, WebhookDelivery.state, func.count().label("number"))
            .where(
                WebhookDelivery.webhook_id.in_(ids),
                WebhookDelivery.created_at > self.work.clock.now() - COUNTED,
            )
            .group_by(WebhookDelivery.webhook_id, WebhookDelivery.state)
        )
        counts: dict[int, dict[str, int]] = {one: {} for one in ids}
        for row in self.session.execute(query):
            counts[row.webhook_id][row.state] = row.number
        return {one: WebhookSummary(health=health.get(one), counts=counts[one]) for one in ids}

    def fetch(self, webhook_id: int, *, lock: bool = False) -> Webhook:
        """Return a webhook.

        :raises NotFound: when there is none.
        """
        webhook = self.session.get(Webhook, webhook_id, with_for_update={"key_share": True} if lock else None)
        if webhook is None:
            raise NotFound("no such webhook")
        return webhook

    def add(self, values: Mapping[str, object]) -> tuple[Webhook, str]:
        """Add a webhook, and return it with its secret, which is shown only now.

        :raises Conflict: when there are too many.
        """
        if len(self.all()) >= MOST_WEBHOOKS:
            raise Conflict("too many webhooks")
        secret = new_secret()
        webhook = Webhook(
            **values, secret=self.work.site.keys.encrypt(secret), created_at=self.work.clock.now()
        )
        self.session.add(webhook)
        self.session.flush()
        self._record("add", webhook)
        return webhook, secret

    def change(self, webhook: Webhook, values: Mapping[str, object]) -> None:
        """Change a webhook. What waits goes to the new address."""
        for name, value in values.items():
            setattr(webhook, name, value)
        self._record("change", webhook)

    def rotate(self, webhook: Webhook) -> str:
        """Make a new secret and return it; the former one signs too for a day."""
        secret = new_secret()
        webhook.former_secret, webhook.former_until = webhook.secret, self.work.clock.now() + OVERLAP
        webhook.secret = self.work.site.keys.encrypt(secret)
        self._record("rotate", webhook)
        return secret

    def secrets(self, webhook: Webhook) -> list[str]:
        """Return the secrets that sign now, the newest first."""
        decrypt = self.work.site.keys.decrypt
        found = [decrypt(webhook.secret)]
        if webhook.former_secret and webhook.former_until and webhook.former_until > self.work.clock.now():
            found.append(decrypt(webhook.former_secret))
        return found

    def pause(self, webhook: Webhook, why: str = "person") -> None:
        """Send nothing until the webhook is resumed.

        :param why: a key of ``PAUSES``.
        """
        if not webhook.paused or why == "gone":
            webhook.paused, webhook.paused_at = why, self.work.clock.now()
            self._record("pause", webhook, why=why)

    def pause_all(self, why: str) -> int:
        """Pause all webhooks, and return how many were active.

        :param why: a key of ``PAUSES``.
        """
        active = [webhook for webhook in self.all() if not webhook.paused]
        for webhook in active:
            self.pause(webhook, why)
        return len(active)

    def resume(self, webhook: Webhook) -> None:
        """Send again, at once."""
        if webhook.paused:
            webhook.paused, webhook.paused_at = "", None
            self._forget_failures(webhook)
            self._record("resume", webhook)

    def delete(self, webhook: Webhook) -> None:
        """Delete a webhook with its deliveries."""
        self._record("delete", webhook)
        self.session.execute(delete(Webhook).where(Webhook.id == webhook.id))

    # -- deliveries -----------------------------------------------------------------------------------------

    def deliveries(
        self,
        webhook: Webhook,
        state: str | None = None,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> IdPage:
        """Return one page of the deliveries of a webhook, each with the code of its case."""
        rows = (
            select(WebhookDelivery, Case.code)
            .outerjoin(Case, Case.id == WebhookDelivery.case_id)
            .where(WebhookDelivery.webhook_id == webhook.id)
        )
        if state:
            rows = rows.where(WebhookDelivery.state == state)
        return newest_first(self.session, rows, WebhookDelivery.id, before=before, after=after)

    def delivery(self, webhook: Webhook, delivery_id: int) -> WebhookDelivery:
        """Return a delivery of a webhook.

        :raises NotFound: when there is none.
        """
        delivery = self.session.get(WebhookDelivery, delivery_id)
        if delivery is None or delivery.webhook_id != webhook.id:
            raise NotFound("no such delivery")
        return delivery

    def attempts(self, delivery: WebhookDelivery) -> Sequence[WebhookAttempt]:
        """Return the attempts of a delivery, latest first."""
        query = select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery.id)
        return self.session.scalars(query.order_by(WebhookAttempt.id.desc()).limit(100)).all()

    def replay(self, webhook: Webhook, delivery: WebhookDelivery | None = None) -> int:
        """Send failed deliveries again, with the ids that they had.

        :param delivery: only this one, even if it was delivered; all failed ones if None.
        :returns: how many will be sent.
        """
        which: list[ColumnElement[bool]] = [WebhookDelivery.webhook_id == webhook.id]
        if delivery is None:
            which.append(WebhookDelivery.state == "dead")
        else:
            which += [WebhookDelivery.id == delivery.id, WebhookDelivery.state.in_(("dead", "sent"))]
        now = self.work.clock.now()
        changed = self.session.scalars(
            update(WebhookDelivery)
            .where(*which)
            .values(
                state="new",
                attempts=0,
                next_at=now,
                expires_at=now + self._patience,
                sent_at=None,
                last_error="",
            )
            .returning(WebhookDelivery.id)
            .execution_options(synchronize_session=False)
        ).all()
        if changed:
            self._forget_failures(webhook)
            self._record("replay", webhook, number=len(changed))
        return len(changed)

    def _forget_failures(self, webhook: Webhook) -> None:
        """Let the next attempt be made at once."""
        self.session.execute(
            update(WebhookHealth)
            .where(WebhookHealth.webhook_id == webhook.id)
            .values(failures=0, failing_since=None, retry_at=None)
            .execution_options(synchronize_session=False)
        )
        self.hasten(webhook.id)

    def hasten(self, webhook_id: int) -> None:
        """Let everything that waits for another attempt be sent at once."""
        now = self.work.clock.now()
        self.session.execute(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.webhook_id == webhook_id,
                WebhookDelivery.state == "new",
                WebhookDelivery.next_at > now,
            )
            .values(next_at=now)
            .execution_options(synchronize_session=False)
        )

    def _record(self, action: str, webhook: Webhook, why: str = "", number: int = 0) -> None:
        self.work.get(AuditService).record(
            f"webhook:{action}",
            webhook=webhook.id,
            host=urlsplit(webhook.address).hostname,
            why=why,
            number=number,
        )


def _read(session: "Session") -> Sequence[Webhook]:
    return session.scalars(select(Webhook).order_by(Webhook.id)).all()
