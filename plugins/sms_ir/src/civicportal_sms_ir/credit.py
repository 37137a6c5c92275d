"""Asking what the account still pays for."""

import logging

from civicportal.api import GateService, SendError, Site
from civicportal_sms_ir.client import SmsIr

log = logging.getLogger(__name__)


def poll_credit(site: Site) -> None:
    """Write down the credit, which administrators read beside the messages."""
    try:
        credit = SmsIr(site).credit()
    except SendError as error:
        log.warning("the credit is not known: %s", error)
        return
    with site.work() as work:
        work.get(GateService).note_credit(credit)
