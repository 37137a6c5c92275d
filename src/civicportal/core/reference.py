"""Reference data: rows that hardly ever change, such as units, categories and roles, kept by each process.

A stamp in the database is changed in the transaction that changes any of them; a unit of work that reads them looks at
the stamp alone. What is kept belongs to no session: it is read, never changed.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Integer, String, event, select
from sqlalchemy.orm import Mapped, Session

from civicportal.core.clock import has_passed
from civicportal.core.crypto import new_token
from civicportal.core.db import Base, tagged

if TYPE_CHECKING:
    from civicportal.core.clock import Clock
    from civicportal.core.site import Site
    from civicportal.core.work import Work

#: Marks a table as reference data: ``__table_args__ = {"info": REFERENCE}``; see also :func:`reference_where`.
REFERENCE = {"reference": True}
LONGEST = 60.0
"""Seconds until what is kept is read anew whatever the stamp says: somebody may have changed a row by hand."""
VISITORS = 1.0
"""Seconds for which visitors are shown what another process has changed meanwhile."""
Value = TypeVar("Value")


def reference_where(matters: Callable[[Any], bool]) -> dict[str, Any]:
    """Mark a table as reference data in part: ``__table_args__ = {"info": reference_where(…)}``.

    :param matters: tells of a row that is added, changed or deleted by the ORM whether it is reference data. What
        statements do to the table is none.
    """
    return {"reference": matters}


class ReferenceStamp(Base):
    """One row: a new value whenever reference data has changed."""

    __tablename__ = "reference_stamp"

    id: Mapped[int] = tagged(Integer, primary_key=True, autoincrement=False)
    value: Mapped[str] = tagged(String(64))


_PRESENT = select(ReferenceStamp.value).where(ReferenceStamp.id == 1)
#: The present stamp, for statements that fetch it along.
STAMP = _PRESENT.scalar_subquery()


class ReferenceSession(Session):
    """A session that notes whether it changes reference data, and tells whom this concerns when it is committed.

    :ivar clock: of the unit of work.
    """

    touches_reference = False
    clock: "Clock"
    keeper: "ReferenceData | None" = None


class ReferenceData:
    """What one process keeps of a site."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._kept: dict[str, tuple[str, datetime, Any]] = {}
        self._seen: tuple[str, datetime] | None = None

    def get(self, work: "Work", name: str, load: Callable[[Session], Value]) -> Value:
        """Return what a function reads, from memory unless it has changed.

        :param name: of what is read; one function for each.
        :param load: is given a session that ends with it.
        """
        if work.writing and _touched(work.session):
            # Nobody else knows of it before the commit, and the caller may go on changing it.
            return load(work.session)
        stamp, now = self._stamp(work), self._site.clock.now()
        kept = self._kept.get(name)
        if kept is None or kept[0] != stamp or has_passed(LONGEST, kept[1], now):
            kept = (stamp, now, self._read(work, load))
            self._kept[name] = kept
        value: Value = kept[2]
        return value

    def change(self, session: Session) -> None:
        """Say in the transaction of a session that reference data changes with it."""
        value = new_token()
        statement = self._site.engines.insert(ReferenceStamp).values(id=1, value=value)
        session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"value": value}))

    def forget(self) -> None:
        """Read everything again when it is asked for next."""
        self._kept.clear()
        self._seen = None

    def _stamp(self, work: "Work") -> str:
        if work.actor.stamp is not None:
            return work.actor.stamp
        # Read once: another thread may forget it at any moment.
        seen = self._seen
        is_visitor = work.actor.door == "visitor"
        if is_visitor and seen and not has_passed(VISITORS, seen[1], self._site.clock.now()):
            return seen[0]
        stamp = work.session.scalar(_PRESENT) or ""
        # The time after it: a stamp that was waited for long is not old when it comes.
        self._seen = (stamp, self._site.clock.now())
        return stamp

    @staticmethod
    def _read(work: "Work", load: Callable[[Session], Value]) -> Value:
        with Session(bind=work.session.connection(), expire_on_commit=False) as session:
            value = load(session)
            session.expunge_all()
        return value


def _touched(session: Any) -> bool:
    if not session.touches_reference:
        changed = (*session.new, *session.deleted, *session.dirty)
        session.touches_reference = any(map(_is_reference, changed))
    return bool(session.touches_reference)


def _is_reference(row: Any) -> bool:
    mark = type(row).__table__.info.get("reference")
    return bool(mark(row) if callable(mark) else mark)


@event.listens_for(ReferenceSession, "before_flush")
def _before_flush(session: ReferenceSession, *_more: Any) -> None:
    _touched(session)


@event.listens_for(ReferenceSession, "after_commit")
def _after_commit(session: ReferenceSession) -> None:
    if session.touches_reference and session.keeper is not None:
        session.keeper.forget()


@event.listens_for(ReferenceSession, "do_orm_execute")
def _do_orm_execute(state: Any) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        table = getattr(state.statement, "table", None)
        state.session.touches_reference |= table is not None and table.info.get("reference") is True
