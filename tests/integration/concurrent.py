"""Concurrent actions at a certain moment of a transaction, on PostgreSQL: SQLite allows one write at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from portal import READY
from sqlalchemy import event, text


def is_blocked(site: Any) -> bool:
    """Return whether a transaction waits for a lock."""
    with site.engines.read.connect() as connection:
        return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")))


@contextmanager
def concurrently(site: Any, deed: Callable[[], Any], *, before: Callable[[str], bool]) -> Iterator[None]:
    """Let a thread do something just before a statement, until it has ended or waits for this transaction.

    :param before: tells the statement by its text; of several the first counts.
    """
    other = threading.Thread(target=deed)

    def let_it_run(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if other.ident is None and before(statement):
            other.start()
            while other.is_alive() and not is_blocked(site):
                other.join(0.01)

    event.listen(site.engines.write, "before_cursor_execute", let_it_run)
    try:
        yield
    finally:
        event.remove(site.engines.write, "before_cursor_execute", let_it_run)
    other.join(READY)
    assert other.ident is not None
    assert not other.is_alive()
