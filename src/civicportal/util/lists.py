"""Shared parts of lists: ranges of days, pages by id."""

from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, func, literal, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from civicportal.util.calendar import CityCalendar
from civicportal.util.queries import Expression, Record, Rows


class Positioned(Protocol):
    """A row of an ordered list."""

    position: int


T = TypeVar("T")
P = TypeVar("P", bound=Positioned)
PAGE_SIZE = 50


MOST_COUNTED = 1000
"""Maximum number of rows that a page counts; beyond it shows "more than"."""


@dataclass(frozen=True)
class Total:
    """The number of rows of a list.

    :ivar exact: if False, there are more.
    """

    number: int
    exact: bool = True

    def __bool__(self) -> bool:
        """Return whether there may be any."""
        return self.number > 0 or not self.exact


def swap(rows: MutableSequence[T], row: T, step: int) -> bool:
    """Swap an item with a neighbour.

    :param step: -1 for the previous one, 1 for the next one.
    :returns: whether there is such a neighbour.
    """
    here = rows.index(row)
    there = here + step
    if here == there or not 0 <= there < len(rows):
        return False
    rows[here], rows[there] = rows[there], rows[here]
    return True


def place(rows: MutableSequence[T], row: T, position: int) -> bool:
    """Move an item to a position.

    :param position: from 1; behind the last one it is the last.
    :returns: whether it was elsewhere.
    """
    there = min(position, len(rows)) - 1
    if rows[there] is row:
        return False
    rows.remove(row)
    rows.insert(there, row)
    return True


def move(rows: MutableSequence[P], row: P, step: int) -> bool:
    """Swap a row with a neighbour as :func:`swap` does, and number the positions of all from 1."""
    moved = swap(rows, row, step)
    if moved:
        for position, one in enumerate(rows, 1):
            one.position = position
    return moved


def count_rows(session: Session, query: Rows, most: int | None = None, *order: Expression) -> Total:
    """Count the rows of a query up to a maximum.

    :param most: the maximum, :data:`MOST_COUNTED` by default.
    :param order: in which many rows are found quickly.
    """
    most = MOST_COUNTED if most is None else most
    some = query.with_only_columns(literal(1)).order_by(None).order_by(*order).limit(most + 1).subquery()
    return capped_total(session.scalar(select(func.count()).select_from(some)) or 0, most)


def count_all(session: Session, query: Rows) -> Total:
    """Count all rows of a query."""
    rows = query.with_only_columns(literal(1)).order_by(None).subquery()
    return Total(session.scalar(select(func.count()).select_from(rows)) or 0)


def capped_total(number: int, most: int) -> Total:
    """Return the total of a list counted up to a maximum, where counting stops one row beyond ``most``."""
    return Total(min(number, most), exact=number <= most)


def more_than(known: int) -> Total:
    """Return a rounded lower bound of a list's total."""
    below = max(known - 1, 0)
    unit = 10 ** (len(str(below)) - 1)
    return Total(below // unit * unit, exact=False)


@dataclass(frozen=True, kw_only=True)
class IdPage:
    """Rows of a page, newest first, and the ids of its neighbours."""

    rows: Sequence[Record]
    older: int | None
    newer: int | None


def newest_first(
    session: Session,
    query: Rows,
    key: InstrumentedAttribute[int],
    *,
    before: int | None = None,
    after: int | None = None,
) -> IdPage:
    """Return one page of a query, newest first.

    Its first column is the listed entity; one statement is executed.

    :param key: its id.
    :param before: only rows older than this id.
    :param after: only rows newer than this id; it takes precedence over ``before``.
    """
    if after is not None:
        query = query.where(key > after).order_by(key)
    else:
        query = (query if before is None else query.where(key < before)).order_by(key.desc())
    rows = session.execute(query.limit(PAGE_SIZE + 1)).all()
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    older, newer = (more, before is not None) if after is None else (True, more)
    rows = rows if after is None else rows[::-1]
    return IdPage(
        rows=rows,
        older=rows[-1][0].id if rows and older else None,
        newer=rows[0][0].id if rows and newer else None,
    )


def within_days(
    moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    calendar: CityCalendar,
    first: date | None,
    last: date | None,
) -> ColumnElement[bool]:
    """Return the condition that a time is within days, inclusive.

    None leaves an end open.
    """
    found: list[ColumnElement[bool]] = []
    if first:
        found.append(moment >= calendar.day_bounds(first)[0])
    if last:
        found.append(moment < calendar.day_bounds(last)[1])
    return and_(true(), *found)
