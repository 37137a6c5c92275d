"""What the lists of every domain share: a span of days, and pages by id with the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from civicportal.util.calendar import CityCalendar

PAGE_SIZE = 50


MOST_COUNTED = 1000
"""More rows than these are not counted for a page: that there are more is all it says."""


@dataclass(frozen=True)
class Total:
    """How many rows a list has.

    :ivar exact: else there are more than so many.
    """

    number: int
    exact: bool = True

    def __bool__(self) -> bool:
        """Return whether there may be any."""
        return self.number > 0 or not self.exact


def count_rows(
    session: Session, query: Select[*tuple[Any, ...]], most: int | None = None, *order: Any
) -> Total:
    """Count the rows of a query, and stop where they are many.

    :param most: that are counted, :data:`MOST_COUNTED` unless it is said.
    :param order: in which many rows are met soon.
    """
    most = MOST_COUNTED if most is None else most
    some = query.with_only_columns(literal(1)).order_by(None).order_by(*order).limit(most + 1).subquery()
    return so_many(session.scalar(select(func.count()).select_from(some)) or 0, most)


def count_all(session: Session, query: Select[*tuple[Any, ...]]) -> Total:
    """Count the rows of a query, however many there are."""
    rows = query.with_only_columns(literal(1)).order_by(None).subquery()
    return Total(session.scalar(select(func.count()).select_from(rows)) or 0)


def so_many(number: int, most: int) -> Total:
    """Return the total of a list that was counted as far as one row beyond ``most``."""
    return Total(min(number, most), exact=number <= most)


def more_than(known: int) -> Total:
    """Return the total of a list of which so many rows are known and others are not: a round number below it."""
    below = max(known - 1, 0)
    unit = 10 ** (len(str(below)) - 1)
    return Total(below // unit * unit, exact=False)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows, the newest first, and the ids at which the neighbours begin."""

    rows: Sequence[Any]
    older: int | None
    newer: int | None


def newest_first(
    session: Session,
    query: Select[*tuple[Any, ...]],
    key: InstrumentedAttribute[int],
    *,
    before: int | None = None,
    after: int | None = None,
) -> Page:
    """Return one page of a query whose first column is the thing that is listed, in one statement.

    :param key: its id.
    :param before: only what is older than this id.
    :param after: only what is newer than this id; it wins over ``before``.
    """
    if after is not None:
        query = query.where(key > after).order_by(key)
    else:
        query = (query if before is None else query.where(key < before)).order_by(key.desc())
    rows = session.execute(query.limit(PAGE_SIZE + 1)).all()
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    older, newer = (more, before is not None) if after is None else (True, more)
    rows = rows if after is None else rows[::-1]
    return Page(
        rows=rows,
        older=rows[-1][0].id if rows and older else None,
        newer=rows[0][0].id if rows and newer else None,
    )


def within_days(
    moment: InstrumentedAttribute[Any], calendar: CityCalendar, first: date | None, last: date | None
) -> ColumnElement[bool]:
    """Return the condition that a moment lies in these days, both included; None leaves an end open."""
    found: list[ColumnElement[bool]] = []
    if first:
        found.append(moment >= calendar.day_bounds(first)[0])
    if last:
        found.append(moment < calendar.day_bounds(last)[1])
    return and_(true(), *found)
