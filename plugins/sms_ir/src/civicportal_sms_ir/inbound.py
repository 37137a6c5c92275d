"""Fetching what people sent to the line."""

import logging

from civicportal.api import InboundService, SendError, Site, answer_inbound
from civicportal_sms_ir.client import SmsIr
from civicportal_sms_ir.settings import NAME

log = logging.getLogger(__name__)


def poll_inbound(site: Site) -> None:
    """Fetch what is new, keep it, then answer; the provider shows each message once, so keeping comes first."""
    try:
        received = SmsIr(site).receive_latest()
    except SendError as error:
        log.warning("messages to the line could not be fetched: %s", error)
        received = []
    # Other services send to the line too; only people are answered.
    people = [message for message in received if message.mobile.startswith("+98")]
    if people:
        with site.work() as work:
            service = work.get(InboundService)
            for message in people:
                service.keep(f"{NAME}:{message.number}", message.mobile, message.text, message.received_at)
    answer_inbound(site)
