"""Queues of deliveries: rows are written in the transaction of their cause, and leased by one worker at a time."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Generic, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Integer, String, update
from sqlalchemy.orm import Mapped

from civicportal.core.db import UTCDateTime, id_column, tagged_column
from civicportal.core.outgoing.client import GuardedClient
from civicportal.core.work import Service, Work

LEASE = timedelta(seconds=60)
"""A worker that has not settled a delivery by then is considered lost."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
JITTER = 0.25


class QueuedDelivery:
    """Columns of a table of deliveries."""

    id: Mapped[int] = id_column()
    #: "new", "leased", "sent", "dead", or a further state of the queue.
    state: Mapped[str] = tagged_column(String(10), default="new")
    attempts: Mapped[int] = tagged_column(Integer, default=0)
    created_at: Mapped[datetime] = tagged_column(UTCDateTime(), index=True)
    next_at: Mapped[datetime] = tagged_column(UTCDateTime())
    expires_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    locked_until: Mapped[datetime | None] = tagged_column(UTCDateTime())
    lease_id: Mapped[str | None] = tagged_column(String(32))
    sent_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    #: Masked.
    last_error: Mapped[str] = tagged_column(String(300), default="")


Delivery = TypeVar("Delivery", bound=QueuedDelivery)


class DeliveryQueue(Service, Generic[Delivery]):
    """Leases and results of the deliveries of one table.

    :cvar Client: sends requests to allowed addresses only, see :class:`GuardedClient`.
    :cvar Columns: base of the class of its rows.
    :cvar table: that class.
    """

    Client: TypeAlias = GuardedClient
    Columns: TypeAlias = QueuedDelivery
    table: type[Delivery]

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.now = work.clock.now()

    def hold(self, *rows: Delivery) -> str:
        """Lease locked rows for one attempt, and return the id of the lease."""
        lease_id = secrets.token_hex(16)
        for row in rows:
            row.state, row.lease_id, row.locked_until = "leased", lease_id, self.now + LEASE
            row.attempts += 1
        return lease_id

    def finish(self, ids: Collection[int], lease_id: str, **values: object) -> None:
        """Store the result of an attempt for rows of a lease, unless it was lost."""
        mine = (self.table.id.in_(ids), self.table.lease_id == lease_id)
        self.change(*mine, lease_id=None, locked_until=None, **values)

    def retry_at(self, attempts: int, asked: float | None = None) -> datetime:
        """Return when to try again after a number of attempts; see :func:`pause`."""
        return self.now + pause(attempts, secrets.SystemRandom().random(), asked)

    def change(self, *conditions: ColumnElement[bool], **values: object) -> None:
        """Change rows in one statement."""
        self.session.execute(
            update(self.table)
            .where(*conditions)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def pause(attempts: int, chance: float, asked: float | None = None) -> timedelta:
    """Return the pause before the next attempt: 30 s, doubled each time, at most six hours, with jitter.

    :param attempts: made so far, one or more.
    :param chance: a random number from 0 to 1.
    :param asked: seconds requested by the receiver, which are kept even if they are more.
    """
    wanted = min(FIRST_PAUSE * 2 ** min(attempts - 1, 12), LONGEST_PAUSE) * (1 + JITTER * chance)
    return max(wanted, timedelta(seconds=asked or 0))
