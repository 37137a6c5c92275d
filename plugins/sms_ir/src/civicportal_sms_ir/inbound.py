"""Fetching what people sent to the line."""

import logging
from collections.abc import Iterable
from datetime import timedelta

from civicportal.api import InboundService, SendError, Site, answer_inbound
from civicportal_sms_ir.client import SmsIr
from civicportal_sms_ir.records import Received
from civicportal_sms_ir.settings import NAME

log = logging.getLogger(__name__)
NOT_FETCHED = "messages to the line could not be fetched: %s"
MOST_PAGES = 50
LOOK_BACK = timedelta(hours=1)
"""So far what is known already is looked through for gaps."""


def poll_inbound(site: Site) -> None:
    """Fetch what is new, keep it, then answer; the provider shows each message once, so keeping comes first."""
    try:
        _keep(site, SmsIr(site).receive_latest())
    except SendError as error:
        log.warning(NOT_FETCHED, error)
    answer_inbound(site)


def poll_missed(site: Site) -> None:
    """Look through the messages of today for what was shown once and never arrived here."""
    api, since = SmsIr(site), site.clock.now() - LOOK_BACK
    try:
        for page in range(1, MOST_PAGES + 1):
            received = api.receive_live(page)
            is_new = _keep(site, received)
            if not received or (not is_new and received[-1].received_at < since):
                break
    except SendError as error:
        log.warning(NOT_FETCHED, error)
    answer_inbound(site)


def _keep(site: Site, received: Iterable[Received]) -> bool:
    """Keep messages of people, and tell whether one was new; other services send to the line too and get no answer."""
    people = [message for message in received if message.mobile.startswith("+98")]
    if not people:
        return False
    with site.work() as work:
        keep = work.get(InboundService).keep
        new = [
            keep(f"{NAME}:{message.name}", message.mobile, message.text, message.received_at)
            for message in people
        ]
    return any(new)
