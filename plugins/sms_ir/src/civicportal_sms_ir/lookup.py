"""Lookup at the provider of messages with an uncertain outcome."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from civicportal.api.notifications import LookupFailed, Message, PermanentFailure
from civicportal.api.plugins import Site
from civicportal_sms_ir.client import PAGE_SIZE, SmsIr, fitting
from civicportal_sms_ir.deliveries import DeliveryService
from civicportal_sms_ir.i18n import _
from civicportal_sms_ir.records import Item, Record
from civicportal_sms_ir.settings import Settings

SECONDS = 40
"""Timeout for all pages together; with a following send it is below the lease of a message."""
SKEW = timedelta(minutes=5)
"""Maximum difference between the provider's clock and ours."""


def find(message: Message, site: Site) -> str | None:
    """Return the provider's id of a message, None when it was certainly not sent.

    A record matches if it went to this number after the message was queued, has its text, and belongs to no other
    message; the match is stored, so that it is used once.

    :raises LookupFailed: when the provider's lists are too long or cannot be read.
    :raises SendError: when it could not be asked now.
    """
    with site.work(write=False) as work:
        known = work.get(DeliveryService).provider_id(message.id)
    if known:
        return known
    try:
        records = [record for record in _records(message, site) if _is_it(record, message, site)]
    except PermanentFailure as error:
        raise _cannot_ask(error) from error
    return _claim([(message, record) for record in records], site).get(message.id)


def find_each(messages: Sequence[Message], site: Site) -> dict[int, str]:
    """Return the provider's ids of those of several messages that were sent, by message id.

    The messages share one text. The provider's bulk calls since they were queued are read one after the other, until
    all are found.

    :raises LookupFailed: when there are too many calls, or they cannot be read.
    :raises SendError: when it could not be asked now.
    """
    with site.work(write=False) as work:
        found = work.get(DeliveryService).provider_ids([message.id for message in messages])
    wanted = {message.recipient: message for message in messages if message.id not in found}
    try:
        for records in _portions(list(wanted.values()), site) if wanted else ():
            candidates = [(wanted[record.mobile], record) for record in records if record.mobile in wanted]
            found |= _claim([pair for pair in candidates if _is_it(pair[1], pair[0], site)], site)
            wanted = {mobile: message for mobile, message in wanted.items() if message.id not in found}
            if not wanted:
                break
    except PermanentFailure as error:
        raise _cannot_ask(error) from error
    return found


def _claim(candidates: Sequence[tuple[Message, Record]], site: Site) -> dict[int, str]:
    """Assign each message the first of its records that no other message has, and store that."""
    claimed: dict[int, str] = {}
    if not candidates:
        return claimed
    with site.work() as work:
        deliveries = work.get(DeliveryService)
        for message, record in candidates:
            if message.id not in claimed and deliveries.claim(record.message_id, message.id):
                claimed[message.id] = record.message_id
    return claimed


def _cannot_ask(error: PermanentFailure) -> LookupFailed:
    return LookupFailed(_("the provider cannot be asked: ${error}", mapping={"error": error.words}))


def _portions(messages: Sequence[Message], site: Site) -> Iterator[list[Record]]:
    api, deadline = SmsIr(site), time.monotonic() + SECONDS
    since = min(_since(message, site) for message in messages)
    packs = [pack for pack in _pages(api.packs, deadline) if pack.made_at >= since]
    for pack in sorted(packs, key=lambda pack: pack.made_at):
        _in_time(deadline)
        yield api.pack(pack.pack_id)
    yield list(_archive(api, since, site, deadline))


def _records(message: Message, site: Site) -> Iterator[Record]:
    api, deadline = SmsIr(site), time.monotonic() + SECONDS
    yield from _pages(api.live, deadline)
    yield from _archive(api, _since(message, site), site, deadline)


def _archive(api: SmsIr, since: datetime, site: Site, deadline: float) -> Iterator[Record]:
    """Yield messages sent before today, unless all wanted ones are from today."""
    now = site.clock.now()
    if site.calendar.local(since + SKEW).date() < site.calendar.local(now).date():
        yield from _pages(lambda page: api.archive(since, now, page), deadline)


def _pages(read: Callable[[int], list[Item]], deadline: float) -> Iterator[Item]:
    page = 1
    while True:
        items = read(page)
        yield from items
        if len(items) < PAGE_SIZE:
            return
        _in_time(deadline)
        page += 1


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise LookupFailed(_("the provider's list of messages is too long"))


def _since(message: Message, site: Site) -> datetime:
    return (message.promised_at or site.clock.now()) - SKEW


def _is_it(record: Record, message: Message, site: Site) -> bool:
    if record.mobile != message.recipient or record.sent_at < _since(message, site):
        return False
    template = Settings.of(site).template(message)
    if template is None:
        return _words(record.text).startswith(_words(message.text))
    return all(fitting(message.fields.get(field, "")) in record.text for field in template.parameters)


def _words(text: str) -> str:
    return " ".join(text.split())
