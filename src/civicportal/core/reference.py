"""Reference data, cached by each process.

A stamp in the database changes in every transaction that changes any of them; a unit of work that reads them checks
only the stamp. Cached rows belong to no session: they are read-only.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Integer, String, event, select
from sqlalchemy.orm import Mapped, ORMExecuteState, Session

from civicportal.core.clock import has_passed
from civicportal.core.crypto import new_token
from civicportal.core.db import Base, UTCDateTime, tagged_column

if TYPE_CHECKING:
    from civicportal.core.clock import Clock
    from civicportal.core.site import Site
    from civicportal.core.work import Work

#: Marks a table as reference data: ``__table_args__ = {"info": REFERENCE}``; see also :func:`reference_where`.
REFERENCE = {"reference": True}
LONGEST = 60.0
"""Seconds after which the cache is reread whatever the stamp: a row may have been changed by hand."""
VISITORS = 1.0
"""Seconds for which visitors may see outdated data after a change by another process."""
Value = TypeVar("Value")


def reference_where(matters: Callable[[Any], bool]) -> dict[str, object]:
    """Mark a table as reference data in part: ``__table_args__ = {"info": reference_where(…)}``.

    :param matters: returns whether a row that the ORM adds, changes or deletes is reference data. Bulk
    statements are not considered.
    """
    return {"reference": matters}


class ReferenceStamp(Base):
    """One row with a value that changes with the reference data."""

    __tablename__ = "reference_stamp"

    id: Mapped[int] = tagged_column(Integer, primary_key=True, autoincrement=False)
    value: Mapped[str] = tagged_column(String(64))
    #: When reference data was changed last; None if that was before the column existed.
    changed_at: Mapped[datetime | None] = tagged_column(UTCDateTime())


_PRESENT = select(ReferenceStamp.value).where(ReferenceStamp.id == 1)
_CHANGED_AT = select(ReferenceStamp.changed_at).where(ReferenceStamp.id == 1)
#: The current stamp, for statements that select it along.
STAMP = _PRESENT.scalar_subquery()


class ReferenceSession(Session):
    """A session that invalidates caches of changed reference data.

    :ivar clock: of the unit of work.
    """

    touches_reference = False
    clock: "Clock"
    keeper: "ReferenceData | None" = None


class ReferenceData:
    """The cached data of one process."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._kept: dict[str, tuple[str, float, Any]] = {}
        self._seen: tuple[str, float] | None = None

    def get(self, work: "Work", name: str, load: Callable[[Session], Value]) -> Value:
        """Return the result of a function, cached until reference data changes.

        :param name: cache key; one function for each.
        :param load: called with a temporary session.
        """
        if work.writing and _touched(work.session):
            # Uncommitted changes are invisible to others, and the caller may continue to change them.
            return load(work.session)
        stamp, now = self._stamp(work), self._site.clock.uptime().seconds
        kept = self._kept.get(name)
        if kept is None or kept[0] != stamp or has_passed(LONGEST, kept[1], now):
            kept = (stamp, now, self._read(work, load))
            self._kept[name] = kept
        value: Value = kept[2]
        return value

    def change(self, session: Session) -> None:
        """Write a new stamp after reference data was changed."""
        value = new_token()
        values = {"value": value, "changed_at": self._site.clock.now()}
        statement = self._site.engines.insert(ReferenceStamp).values(id=1, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))

    def changed_at(self, work: "Work") -> datetime | None:
        """Return when reference data was changed last; None if that is not known."""
        return self.get(work, "reference_changed_at", lambda session: session.scalar(_CHANGED_AT))

    def forget(self) -> None:
        """Clear the cache."""
        self._kept.clear()
        self._seen = None

    def _stamp(self, work: "Work") -> str:
        if work.actor.stamp is not None:
            return work.actor.stamp
        # Read once: another thread may clear it at any time.
        seen = self._seen
        is_visitor = work.actor.realm == "visitor"
        if is_visitor and seen and not has_passed(VISITORS, seen[1], self._site.clock.uptime().seconds):
            return seen[0]
        stamp = work.session.scalar(_PRESENT) or ""
        # The time after reading, so that a slow stamp is not old at once.
        self._seen = (stamp, self._site.clock.uptime().seconds)
        return stamp

    @staticmethod
    def _read(work: "Work", load: Callable[[Session], Value]) -> Value:
        with Session(bind=work.session.connection(), expire_on_commit=False) as session:
            value = load(session)
            session.expunge_all()
        return value


def _touched(session: ReferenceSession) -> bool:
    if not session.touches_reference:
        changed = (*session.new, *session.deleted, *session.dirty)
        session.touches_reference = any(map(_is_reference, changed))
    return bool(session.touches_reference)


def _is_reference(row: Any) -> bool:
    mark = type(row).__table__.info.get("reference")
    return bool(mark(row) if callable(mark) else mark)


@event.listens_for(ReferenceSession, "before_flush")
def _before_flush(session: ReferenceSession, *_more: object) -> None:
    _touched(session)


@event.listens_for(ReferenceSession, "after_commit")
def _after_commit(session: ReferenceSession) -> None:
    if session.touches_reference and session.keeper is not None:
        session.keeper.forget()


@event.listens_for(ReferenceSession, "do_orm_execute")
def _do_orm_execute(state: ORMExecuteState) -> None:
    session = state.session
    if isinstance(session, ReferenceSession) and (state.is_insert or state.is_update or state.is_delete):
        table = getattr(state.statement, "table", None)
        session.touches_reference |= table is not None and table.info.get("reference") is True
