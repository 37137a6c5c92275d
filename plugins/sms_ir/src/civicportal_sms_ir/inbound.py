"""Polling of inbound messages."""

from collections.abc import Iterable
from datetime import timedelta

from civicportal.api.notifications import InboundService
from civicportal.api.plugins import Site
from civicportal_sms_ir.client import SmsIr
from civicportal_sms_ir.polling import is_backing_off, log_new_error
from civicportal_sms_ir.records import Received
from civicportal_sms_ir.settings import NAME

LATEST, TODAY = "messages to the line", "messages to the line of today"
MOST_PAGES = 50
LOOK_BACK = timedelta(hours=3)
"""How far today's list is examined for gaps; erased people are not stored again by it."""


def poll_inbound(site: Site) -> None:
    """Fetch, store and answer inbound messages.

    The provider returns each message once, so storing comes first.
    """
    if not is_backing_off(site, LATEST):
        with log_new_error(site, LATEST):
            _keep(site, SmsIr(site).receive_latest())
    InboundService.answer_waiting(site)


def poll_missed(site: Site) -> None:
    """Look for messages of today that the provider has returned once but that were not stored."""
    if is_backing_off(site, TODAY):
        return
    api, since = SmsIr(site), site.clock.now() - LOOK_BACK
    with log_new_error(site, TODAY):
        for page in range(1, MOST_PAGES + 1):
            received = api.receive_live(page)
            _keep(site, (message for message in received if message.received_at >= since))
            if not received or received[-1].received_at < since:
                break
    InboundService.answer_waiting(site)


def _keep(site: Site, received: Iterable[Received]) -> None:
    """Store messages of people; those of other services to the line are ignored."""
    people = [message for message in received if message.mobile.startswith("+98")]
    if not people:
        return
    with site.work() as work:
        service = work.get(InboundService)
        for message in people:
            service.keep(f"{NAME}:{message.name}", message.mobile, message.text, message.received_at)
