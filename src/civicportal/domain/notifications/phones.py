"""Simulated telephones of a demo: received messages and answers."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import func, select
from translationstring import TranslationString

from civicportal.core.jobs import Job
from civicportal.core.plugins import in_order
from civicportal.domain.notifications.inbound import InboundService
from civicportal.domain.notifications.models import InboundMessage, OutboxMessage
from civicportal.domain.notifications.services import NotificationService

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

MOST_MESSAGES = 40
JOBS = (
    Job(name="demo.answers", every=timedelta(seconds=1), lane="messages", run=InboundService.answer_waiting),
)
"""Jobs that handle answers if no provider is polled."""


@dataclass(frozen=True, kw_only=True)
class PhoneMessage:
    """A message on a telephone.

    :ivar at: aware.
    :ivar own: sent by the telephone's owner to the city's number.
    """

    text: str
    at: datetime
    own: bool = False


class Phones(Protocol):
    """The telephones of a demo. Numbers are E.164.

    :ivar modes: behaviours of the simulated provider, by name, with titles; empty if there is none.
    """

    modes: Mapping[str, TranslationString]

    @property
    def mode(self) -> str:
        """Return the current behaviour of the provider."""

    def behave(self, mode: str) -> None:
        """Change the behaviour of the provider."""

    def counts(self, work: "Work") -> Mapping[str, int]:
        """Return the number of messages by telephone number, the one with the latest message first."""

    def messages(self, work: "Work", number: str) -> Sequence[PhoneMessage]:
        """Return the messages of a telephone, latest first."""

    def answer(self, work: "Work", number: str, text: str) -> None:
        """Send a message from a telephone to the city's number."""


class OutboxPhones:
    """Telephones of a site without a provider."""

    modes: Mapping[str, TranslationString] = {}
    mode = ""

    def behave(self, mode: str) -> None:
        """Do nothing: there is no provider."""

    def counts(self, work: "Work") -> Mapping[str, int]:
        """Return the number of messages by telephone number, the one with the latest message first."""
        rows = work.session.execute(
            select(OutboxMessage.recipient, func.count().label("number"))
            .where(OutboxMessage.state == "sent")
            .group_by(OutboxMessage.recipient)
            .order_by(func.max(OutboxMessage.id).desc())
        )
        return {row.recipient: row.number for row in rows}

    def messages(self, work: "Work", number: str) -> Sequence[PhoneMessage]:
        """Return the messages of a telephone, latest first."""
        arrived = work.session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.recipient == number, OutboxMessage.state == "sent")
            .order_by(OutboxMessage.sent_at.desc(), OutboxMessage.id.desc())
            .limit(MOST_MESSAGES)
        )
        written = work.session.scalars(
            select(InboundMessage)
            .where(InboundMessage.sender == number)
            .order_by(InboundMessage.id.desc())
            .limit(MOST_MESSAGES)
        )
        text_of = work.get(NotificationService).text_of
        found = [PhoneMessage(text=text_of(row), at=row.sent_at or row.created_at) for row in arrived]
        found += [PhoneMessage(text=row.text, at=row.received_at, own=True) for row in written]
        return sorted(found, key=lambda message: message.at, reverse=True)[:MOST_MESSAGES]

    def answer(self, work: "Work", number: str, text: str) -> None:
        """Send a message from a telephone to the city's number."""
        name = f"console:{secrets.token_hex(8)}"
        work.get(InboundService).keep(name, number, text, work.clock.now())


@contextmanager
def provider_beside(site: "Site") -> Iterator[None]:
    """Run the provider's simulator with a demo server."""
    for name, implementation in in_order(site.hooks, "demo_phones"):
        if site.is_demo and name == site.transport:
            with implementation(site=site) as phones:
                site.registry.phones = phones
                yield
            return
    yield
