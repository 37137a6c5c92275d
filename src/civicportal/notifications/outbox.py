"""Writing rows of the outbox."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from civicportal.notifications.models import OutboxMessage

if TYPE_CHECKING:
    from civicportal.work import Work

MOST = 200
"""Rows in one statement."""
_USUAL = {"lane": "notices", "channel": "sms", "text": "", "fields": "{}"}
_NEW = {"state": "new", "attempts": 0, "last_error": ""}


def write_messages(work: "Work", rows: Sequence[Mapping[str, Any]]) -> None:
    """Write messages that name the same columns, many in one statement; a second one of event and person is dropped."""
    now = work.clock.now()
    for start in range(0, len(rows), MOST):
        values = [{**_USUAL, **row, **_NEW, "created_at": now} for row in rows[start : start + MOST]]
        statement = work.site.engines.insert(OutboxMessage).values(values)
        work.session.execute(statement.on_conflict_do_nothing(index_elements=["event_key"]))
