"""Pages of case lists that do not slow down: each page begins where the last one ended, no rows are counted over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from civicportal.cases.models import Case

PAGE_SIZE = 25
Rows = Select[*tuple[Any, ...]]
"""A query for any columns."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Sort:
    """An order of cases by one moment that is never NULL, ties broken by id."""

    name: str
    column: InstrumentedAttribute[datetime]
    descending: bool = False


SORTS = {
    sort.name: sort
    for sort in (
        Sort(name="deadline", column=Case.deadline),
        Sort(name="newest", column=Case.created_at, descending=True),
        Sort(name="oldest", column=Case.created_at),
        Sort(name="updated", column=Case.updated_at, descending=True),
    )
}


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place in a sorted list.

    :ivar way: "after" or "before" the place.
    """

    way: Literal["after", "before"]
    moment: datetime
    case_id: int

    def __str__(self) -> str:
        microseconds = (self.moment - _EPOCH) // _EPOCH.resolution
        return f"{self.way}-{microseconds}-{self.case_id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Read a cursor of an address; None for anything that is none."""
        way, _, rest = text.partition("-")
        moment, _, case_id = rest.partition("-")
        numbers = all(part.isascii() and part.isdigit() and len(part) < 19 for part in (moment, case_id))
        if way not in ("after", "before") or not numbers:
            return None
        try:
            return cls(way=way, moment=_EPOCH + int(moment) * _EPOCH.resolution, case_id=int(case_id))  # type: ignore[arg-type]
        except OverflowError:
            return None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows of a list, and the cursors of its neighbours."""

    rows: Sequence[Any]
    next: str | None
    previous: str | None


def case_page(
    session: Session, query: Rows, *, sort: Sort, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page:
    """Return one page of a query whose first column is ``Case``, in one statement.

    :param cursor: of the address; anything unreadable means the first page.
    :param size: rows, 100 at most.
    """
    place = Cursor.parse(cursor) if cursor else None
    backwards = place is not None and place.way == "before"
    size = min(size, 100)
    if place:
        query = query.where(_beyond(sort, place))
    rows = list(session.execute(query.order_by(*_order(sort, backwards)).limit(size + 1)).all())
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    return Page(
        rows=rows,
        next=_cursor(sort, "after", rows[-1][0]) if rows and (more or backwards) else None,
        previous=_cursor(sort, "before", rows[0][0]) if rows and (more if backwards else place) else None,
    )


def _beyond(sort: Sort, place: Cursor) -> ColumnElement[bool]:
    here = tuple_(place.moment, place.case_id)
    key = tuple_(sort.column, Case.id)
    forwards = place.way == "after"
    return key < here if forwards == sort.descending else key > here


def _order(sort: Sort, backwards: bool) -> list[ColumnElement[Any]]:
    if sort.descending != backwards:
        return [sort.column.desc(), Case.id.desc()]
    return [sort.column.asc(), Case.id.asc()]


def _cursor(sort: Sort, way: Literal["after", "before"], case: Case) -> str:
    return str(Cursor(way=way, moment=getattr(case, sort.column.key), case_id=case.id))
