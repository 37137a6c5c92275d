"""Webhooks of the administrator: one that works, one that fails, and one that was stopped."""

from datetime import timedelta

from portal import Portal

from civicportal.core.security import Identity
from civicportal.domain.webhooks.events import EVENTS
from civicportal.domain.webhooks.models import WebhookAttempt, WebhookHealth
from civicportal.domain.webhooks.services import WebhookService

ADDRESS = "https://gis.city.example/civicportal/events"


def facts(portal: Portal, who: Identity) -> dict[str, str]:
    """Make them, and return the ids of the first and of a delivery of it."""
    with portal.site.work(actor=who) as work:
        service = work.get(WebhookService)
        now = work.clock.now()
        made = []
        for address, description, events in (
            (ADDRESS, "نقشهٔ شهر", sorted(EVENTS)),
            ("https://archive.city.example/hooks", "بایگانی", ["case.closed"]),
            (
                "https://office.city.example/very/long/path/of/an/office/automation/system?tenant=12",
                "",
                ["case.created"],
            ),
        ):
            columns = {"address": address, "description": description, "events": events}
            made.append(service.add({**columns, "category_id": None, "unit_id": None})[0])
        first, failing, gone = made
        deliveries = [service.test(first) for _number in range(3)]
        for delivery, state in zip(deliveries, ("sent", "dead", "sent"), strict=True):
            delivery.state, delivery.attempts, delivery.sent_at = state, 2, now
            for status, error in ((503, "The receiver did not answer in time."), (204, "")):
                work.session.add(
                    WebhookAttempt(
                        delivery_id=delivery.id,
                        at=now,
                        status=status,
                        milliseconds=312,
                        error=error,
                        answer="busy",
                    )
                )
        # The worker of the portal leaves them as they are.
        service.pause(first)
        work.session.add(WebhookHealth(webhook_id=first.id, failures=0, last_ok_at=now))
        work.session.add(
            WebhookHealth(
                webhook_id=failing.id,
                failures=4,
                failing_since=now,
                tried_at=now,
                retry_at=now + timedelta(days=1),
            )
        )
        service.pause(gone, "gone")
        return {"webhook": str(first.id), "delivery": str(deliveries[0].id)}
