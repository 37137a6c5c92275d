"""Findings about webhooks."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from civicportal.core.checks import Finding
from civicportal.domain.webhooks.models import WebhookDelivery
from civicportal.domain.webhooks.services import PAUSES, WebhookService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

LONG = timedelta(hours=1)
"""How long an address may fail before it is reported."""


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    service = work.get(WebhookService)
    webhooks = service.all()
    if not webhooks:
        return
    query = select(WebhookDelivery.webhook_id, func.count()).where(WebhookDelivery.state == "dead")
    failed = dict(work.session.execute(query.group_by(WebhookDelivery.webhook_id)).all())
    summaries = service.summaries(webhooks)
    for webhook in webhooks:
        place = f"webhook {webhook.id}"
        health = summaries[webhook.id].health
        if webhook.paused in ("failing", "gone"):
            yield Finding(
                level="warning",
                place=place,
                text=PAUSES[webhook.paused],
                remedy=_("ask those who run the receiver, then resume or delete it under /admin/webhooks"),
            )
        elif health and health.failing_since and health.failing_since < work.clock.now() - LONG:
            yield Finding(
                level="warning",
                place=place,
                text=_("the receiver has not accepted an event for more than an hour"),
                remedy=_("look at its deliveries under /admin/webhooks"),
            )
        if failed.get(webhook.id):
            yield Finding(
                level="warning",
                place=place,
                text=_("events that could not be delivered: ${count}", mapping={"count": failed[webhook.id]}),
                remedy=_("send them again, or delete the webhook, under /admin/webhooks"),
            )
