"""Inserts into the outbox."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Executable, bindparam, select

from civicportal.core.db import insert_into
from civicportal.domain.notifications.choices import Choice, PreferenceService
from civicportal.domain.notifications.models import OutboxMessage

if TYPE_CHECKING:
    from civicportal.core.work import Work

_USUAL = {"lane": "notices", "channel": "sms", "text": "", "fields": "{}"}
_NEW = {"state": "new", "attempts": 0, "last_error": ""}


def write_messages(work: "Work", rows: Sequence[Mapping[str, object]]) -> None:
    """Insert messages with the same columns in one statement, ignoring duplicates of event and person."""
    values = [_values(work, row) for row in rows]
    if values:
        work.session.connection().execute(_insert(work.site.engines.dialect), values)


def insert_unless_opted_out(work: "Work", choice: Choice, row: Mapping[str, object]) -> None:
    """Insert a message unless the person has opted out."""
    values = _values(work, row)
    work.session.connection().execute(
        _insert_wanted(work.site.engines.dialect, choice, tuple(values)), values
    )


def _values(work: "Work", row: Mapping[str, object]) -> dict[str, object]:
    return {**_USUAL, **row, **_NEW, "created_at": work.clock.now()}


@cache
def _insert_wanted(dialect: str, choice: Choice, names: tuple[str, ...]) -> Executable:
    table = OutboxMessage.__table__
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    row = select(*values.values()).where(PreferenceService.wants(choice, values["user_id"]))
    return insert_into(dialect, table).from_select(names, row).on_conflict_do_nothing()


@cache
def _insert(dialect: str) -> Executable:
    # RETURNING lets SQLAlchemy send all rows at once; without literal values the statement is compiled once.
    statement = insert_into(dialect, OutboxMessage.__table__)
    statement = statement.on_conflict_do_nothing(index_elements=["event_key"])
    return statement.returning(OutboxMessage.id)
