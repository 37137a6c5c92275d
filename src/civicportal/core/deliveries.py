"""Queues of deliveries: rows are written in the transaction of their cause, and leased by one worker at a time."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Integer, String, update
from sqlalchemy.orm import Mapped

from civicportal.core.db import id_column, tagged_column
from civicportal.core.work import Service, Work

LEASE = timedelta(seconds=60)
"""A worker that has not settled a delivery by then is considered lost."""


class QueuedDelivery:
    """Columns of a table of deliveries."""

    id: Mapped[int] = id_column()
    #: "new", "leased", "sent", "dead", or a further state of the queue.
    state: Mapped[str] = tagged_column(String(10), default="new")
    attempts: Mapped[int] = tagged_column(Integer, default=0)
    created_at: Mapped[datetime] = tagged_column(index=True)
    next_at: Mapped[datetime] = tagged_column()
    expires_at: Mapped[datetime | None] = tagged_column()
    locked_until: Mapped[datetime | None] = tagged_column()
    lease_id: Mapped[str | None] = tagged_column(String(32))
    sent_at: Mapped[datetime | None] = tagged_column()
    #: Masked.
    last_error: Mapped[str] = tagged_column(String(300), default="")


Delivery = TypeVar("Delivery", bound=QueuedDelivery)


class DeliveryQueue(Service, Generic[Delivery]):
    """Leases and results of the deliveries of one table.

    :cvar table: the class of its rows.
    """

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

    def change(self, *conditions: ColumnElement[bool], **values: object) -> None:
        """Change rows in one statement."""
        self.session.execute(
            update(self.table)
            .where(*conditions)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
