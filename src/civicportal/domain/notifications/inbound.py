"""Inbound messages: stored first, then answered, each in a separate transaction."""

import logging
import re
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from civicportal.core.db import changed_rows
from civicportal.core.jobs import Job
from civicportal.core.limits import LimitExceeded
from civicportal.core.messages import Reply
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.choices import PreferenceService
from civicportal.domain.notifications.models import InboundMessage
from civicportal.domain.notifications.notices import NoticeData, NoticeRenderer
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.verdicts import VerdictService
from civicportal.util.i18n import latin_digits
from civicportal.util.tracking import is_valid

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

BATCH = 100
LIMIT = "inbound_sender"
GIVE_UP_AFTER = timedelta(days=1)
"""Messages not answered within a day are ignored: a later answer would confuse."""
KEEP_STRANGERS = timedelta(days=90)
"""Retention of messages from numbers without an account; no one could request their erasure."""
_CODE = re.compile(r"(?<!\d)\d{10}(?!\d)")


class InboundService(Service):
    """Store inbound messages, and answer them."""

    def keep(self, provider_id: str, sender: str, text: str, received_at: datetime) -> None:
        """Store a message, once.

        :param provider_id: the provider's name for it, unique over all providers: ``<transport>:<number>``.
        :param sender: E.164.
        :param received_at: aware.
        """
        row = {
            "provider_id": provider_id,
            "sender": sender,
            "user_id": select(User.id).where(User.mobile == sender).scalar_subquery(),
            "text": _storable(text),
            "received_at": received_at,
        }
        statement = self.work.site.engines.insert(InboundMessage).values(row)
        self.session.execute(statement.on_conflict_do_nothing(index_elements=["provider_id"]))

    @staticmethod
    def answer_waiting(site: "Site") -> None:
        """Answer waiting messages.

        Each in a separate unit of work; a failing plugin does not block others.
        """
        with site.work(write=False) as work:
            waiting = work.get(InboundService).waiting()
        for message_id, sender in waiting:
            try:
                _answer_one(site, message_id, sender)
            except Exception:
                log.exception("the inbound message %s could not be answered", message_id)
                with site.work() as work:
                    work.get(InboundService).put_behind(message_id)

    def waiting(self) -> list[tuple[int, str]]:
        """Return id and sender of unanswered messages, oldest first, failed ones last."""
        since = self.work.clock.now() - GIVE_UP_AFTER
        rows = self.session.execute(
            select(InboundMessage.id, InboundMessage.sender)
            .where(InboundMessage.handled_at.is_(None), InboundMessage.received_at > since)
            .order_by(InboundMessage.tried_at.nulls_first(), InboundMessage.id)
            .limit(BATCH)
        )
        return [(row.id, row.sender) for row in rows]

    def put_behind(self, message_id: int) -> None:
        """Put a message that could not be answered last."""
        self.session.execute(
            update(InboundMessage)
            .where(InboundMessage.id == message_id)
            .values(tried_at=self.work.clock.now())
            .execution_options(synchronize_session=False)
        )

    def handle(self, message_id: int, *, silent: bool = False) -> bool:
        """Ask the plugins for an answer and queue it.

        :param silent: queue none: this number has had enough answers.
        :returns: False when the message was handled elsewhere.
        """
        query = select(InboundMessage).where(
            InboundMessage.id == message_id, InboundMessage.handled_at.is_(None)
        )
        message = self.session.scalar(query.with_for_update(skip_locked=True))
        if message is None:
            return False
        message.handled_at = self.work.clock.now()
        self._keep_choice(message)
        reply: Reply | None = self.work.site.hooks.hook.message_received(message=message, work=self.work)
        if not silent and (reply is None or reply.kind):
            self._answer(message, reply)
        return True

    def _answer(self, message: InboundMessage, reply: Reply | None) -> None:
        send = partial(
            self.work.get(NotificationService).send,
            recipient=message.sender,
            user_id=message.user_id,
            locale=locale_at(message.sender, self.work),
            at_once=True,
        )
        if reply is not None and reply.kind in self.work.site.messages:
            send(reply.kind, fields=reply.fields, once=f"inbound:{message.id}")
            return
        today = self.work.site.calendar.local(self.work.clock.now()).date()
        send("inbound.help", once=f"inbound.help:{today}")

    def _keep_choice(self, message: InboundMessage) -> None:
        """Apply an unsubscription or subscription of announcements, whichever plugin answers it."""
        country, word = self.work.site.country, message.word
        if word in country.stop_words or word in country.start_words:
            self.work.get(PreferenceService).announce_to(message.sender, word in country.start_words)


def locale_at(number: str, work: "Work") -> str:
    """Return the message language of a number, the site's own for an unknown number.

    :param number: E.164.
    """
    user = work.session.scalar(select(User).where(User.mobile == number))
    return work.get(NotificationService).locale_of(user) if user else work.site.locale


def _storable(text: str) -> str:
    """Return a text without characters that databases refuse."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def _answer_one(site: "Site", message_id: int, sender: str) -> None:
    """Answer a message.

    A failure does not count against the sender's limit of answers.
    """
    silent, handled = _has_had_enough(site, sender), False
    try:
        handled = _handle(site, message_id, silent)
    finally:
        if not handled:
            site.limits.give_back(LIMIT, sender)


def _handle(site: "Site", message_id: int, silent: bool) -> bool:
    with site.work() as work:
        return work.get(InboundService).handle(message_id, silent=silent)


def _has_had_enough(site: "Site", sender: str) -> bool:
    try:
        site.limits.hit(LIMIT, sender)
    except LimitExceeded:
        return True
    return False


def answer(message: InboundMessage, work: "Work") -> Reply | None:
    """Answer for the core.

    :returns: None for anything else. A code of another person, of a disabled account and of no one is answered alike,
        so that its sender learns nothing.
    """
    word = message.word
    if word in work.site.country.stop_words:
        return Reply(kind="inbound.stopped", fields={})
    if word in work.site.country.start_words:
        return Reply(kind="inbound.resumed", fields={})
    return work.get(VerdictService).answer(message) or _status(message, work)


def _status(message: InboundMessage, work: "Work") -> Reply | None:
    codes = _CODE.findall(latin_digits(re.sub(r"(?<=\d)[ -](?=\d)", "", message.text)))
    if len(codes) != 1 or not is_valid(codes[0]):
        return None
    case = work.session.scalar(
        select(Case)
        .join(User, User.id == Case.citizen_id)
        .where(Case.code == codes[0], User.mobile == message.sender)
        .where(User.disabled_at.is_(None), User.deleted_at.is_(None))
    )
    if case is None:
        return Reply(kind="inbound.unknown_code", fields={})
    facts = NoticeData(status=case.status, moment=case.updated_at, unit_id=case.unit_id)
    kind = f"{case.kind}.status" if f"{case.kind}.status" in work.site.messages else "inbound.status"
    return Reply(
        kind=kind, fields=work.get(NoticeRenderer).fields(case, facts, locale_at(message.sender, work))
    )


def delete_unknown_senders(site: "Site") -> None:
    """Delete messages older than ninety days of numbers without an account."""
    old = (
        InboundMessage.user_id.is_(None),
        InboundMessage.received_at < site.clock.now() - KEEP_STRANGERS,
    )
    some = delete(InboundMessage).where(
        InboundMessage.id.in_(select(InboundMessage.id).where(*old).limit(BATCH))
    )
    deleted = BATCH
    while deleted == BATCH:
        with site.work() as work:
            statement = some.execution_options(synchronize_session=False)
            deleted = changed_rows(work.session.execute(statement))


JOBS = (Job(name="core.inbound", at="01:00", run=delete_unknown_senders),)
