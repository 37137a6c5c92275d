"""Writing rows of the outbox."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from civicportal.db import insert_into
from civicportal.notifications.models import OutboxMessage

if TYPE_CHECKING:
    from civicportal.work import Work

_USUAL = {"lane": "notices", "channel": "sms", "text": "", "fields": "{}"}
_NEW = {"state": "new", "attempts": 0, "last_error": ""}


def write_messages(work: "Work", rows: Sequence[Mapping[str, Any]]) -> None:
    """Write messages that name the same columns, many in one statement; a second one of event and person is dropped."""
    now = work.clock.now()
    values = [{**_USUAL, **row, **_NEW, "created_at": now} for row in rows]
    if values:
        work.session.connection().execute(_insert(work.site.engines.dialect), values)


@cache
def _insert(dialect: str) -> Any:
    # RETURNING lets SQLAlchemy send all rows at once; without values of its own it is made and compiled once.
    statement = insert_into(dialect, OutboxMessage.__table__)
    statement = statement.on_conflict_do_nothing(index_elements=["event_key"])
    return statement.returning(OutboxMessage.id)
