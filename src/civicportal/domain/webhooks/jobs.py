"""Jobs of webhooks: what was not delivered in time, and old deliveries."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from civicportal.core.db import changed_rows
from civicportal.core.jobs import Job
from civicportal.domain.notifications.troubles import keep
from civicportal.domain.webhooks.delivery import WebhookQueue
from civicportal.domain.webhooks.models import WebhookDelivery
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

BATCH = 500
"""Rows per transaction."""


def give_up(site: "Site") -> None:
    """Mark events as failed that were not delivered in time."""
    with site.work() as work:
        queue = WebhookQueue(work)
        queue.change(
            WebhookDelivery.state == "new",
            WebhookDelivery.expires_at <= queue.now,
            state="dead",
            last_error=keep(_("It could not be delivered in time.")),
        )


def clean(site: "Site") -> None:
    """Delete deliveries after ``webhooks.keep_days``, with their attempts."""
    before = site.clock.now() - timedelta(days=site.settings["webhooks"]["keep_days"])
    old = (WebhookDelivery.created_at < before, WebhookDelivery.state.in_(("sent", "dead")))
    ids = select(WebhookDelivery.id).where(*old).limit(BATCH)
    deleted = BATCH
    while deleted == BATCH:
        with site.work() as work:
            statement = delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids))
            deleted = changed_rows(
                work.session.execute(statement, execution_options={"synchronize_session": False})
            )


JOBS = (
    Job(name="core.webhooks-overdue", every=timedelta(minutes=10), run=give_up),
    Job(name="core.webhooks-clean", at="01:30", run=clean),
)
