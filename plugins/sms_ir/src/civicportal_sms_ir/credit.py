"""Polling of the account's credit."""

from civicportal.api.notifications import SendingGateService
from civicportal.api.plugins import Site
from civicportal_sms_ir.client import SmsIr
from civicportal_sms_ir.polling import is_backing_off, log_new_error

CREDIT = "the credit"


def poll_credit(site: Site) -> None:
    """Store the credit, which administrators see on the page of messages."""
    if is_backing_off(site, CREDIT):
        return
    with log_new_error(site, CREDIT):
        credit = SmsIr(site).credit()
        with site.work() as work:
            work.get(SendingGateService).note_credit(credit)
