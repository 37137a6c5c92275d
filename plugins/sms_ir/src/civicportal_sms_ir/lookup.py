"""Looking a message up at the provider whose sending ended uncertain."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from civicportal.api import CannotTell, Message, Permanent, Site
from civicportal_sms_ir.client import PAGE_SIZE, SmsIr, fitting
from civicportal_sms_ir.deliveries import DeliveryService
from civicportal_sms_ir.records import Record
from civicportal_sms_ir.settings import Settings

SECONDS = 40
"""For all pages together; with the sending that may follow it stays below the lease of a message."""
SKEW = timedelta(minutes=5)
"""By so much the provider's clock may differ from ours."""


def find(message: Message, site: Site) -> str | None:
    """Return the provider's number of a message, or None when it surely was not sent.

    It is ours if it went to this number after it was promised, says what it should, and is no other message of ours.

    :raises CannotTell: when the provider's lists are too long or cannot be read.
    :raises SendError: when it could not be asked now.
    """
    with site.work(write=False) as work:
        known = work.get(DeliveryService).provider_id(message.id)
    if known:
        return known
    try:
        fitting_records = [record for record in _records(message, site) if _is_it(record, message, site)]
    except Permanent as error:
        raise CannotTell(f"the provider cannot be asked: {error}") from error
    ids = [record.message_id for record in fitting_records]
    with site.work(write=False) as work:
        others = work.get(DeliveryService).known(ids)
    return next((number for number in ids if number not in others), None)


def _records(message: Message, site: Site) -> Iterator[Record]:
    api, now = SmsIr(site), site.clock.now()
    deadline = time.monotonic() + SECONDS
    yield from _pages(api.live, deadline)
    promised = message.promised_at or now
    if site.calendar.local(promised).date() < site.calendar.local(now).date():
        yield from _pages(lambda page: api.archive(promised - SKEW, now, page), deadline)


def _pages(read: Callable[[int], list[Record]], deadline: float) -> Iterator[Record]:
    page = 1
    while True:
        records = read(page)
        yield from records
        if len(records) < PAGE_SIZE:
            return
        if time.monotonic() > deadline:
            raise CannotTell("the provider's list of messages is too long")
        page += 1


def _is_it(record: Record, message: Message, site: Site) -> bool:
    since: datetime = (message.promised_at or site.clock.now()) - SKEW
    if record.mobile != message.recipient or record.sent_at < since:
        return False
    template = Settings.of(site).template(message)
    if template is None:
        return _words(record.text).startswith(_words(message.text))
    return all(fitting(message.fields.get(field, "")) in record.text for field in template.parameters)


def _words(text: str) -> str:
    return " ".join(text.split())
