"""Keyset pagination of case lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Tuple, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session
from translationstring import TranslationString

from civicportal.domain.cases.models import Case
from civicportal.util.i18n import _
from civicportal.util.lists import Total
from civicportal.util.queries import Expression, Record, Rows

PAGE_SIZE = 25
"""Rows of a list of cases."""
"""A query for any columns."""
Way = Literal["after", "before"]
"""Direction from a position in a list."""
_WAYS: dict[str, Way] = {"after": "after", "before": "before"}
CLOCKS = timedelta(hours=1)
"""Maximum difference between the clocks of two machines."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A sort order of cases by a timestamp and id.

    The timestamp is never NULL.
    """

    name: str
    title: TranslationString
    column: InstrumentedAttribute[datetime]
    descending: bool = False

    @property
    def order(self) -> tuple[ColumnElement[datetime] | ColumnElement[int], ...]:
        """Return the ORDER BY columns."""
        key = (self.column, Case.id)
        return tuple(column.desc() if self.descending else column.asc() for column in key)


#: Sort orders of case lists, by their names in an address.
SORTS = {
    sort.name: sort
    for sort in (
        Sort(name="deadline", title=_("Nearest deadline"), column=Case.deadline),
        Sort(name="newest", title=_("Newest"), column=Case.created_at, descending=True),
        Sort(name="oldest", title=_("Oldest"), column=Case.created_at),
        Sort(name="updated", title=_("Latest change"), column=Case.updated_at, descending=True),
    )
}


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A position in a sorted list.

    :ivar way: "after" or "before" the position.
    """

    way: Way
    moment: datetime
    case_id: int

    def __str__(self) -> str:
        microseconds = (self.moment - _EPOCH) // _EPOCH.resolution
        return f"{self.way}-{microseconds}-{self.case_id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Parse a cursor of an address; None if it is invalid."""
        named, _, rest = text.partition("-")
        moment, _, case_id = rest.partition("-")
        way = _WAYS.get(named)
        numbers = all(part.isascii() and part.isdigit() and len(part) < 19 for part in (moment, case_id))
        if way is None or not numbers:
            return None
        try:
            return cls(way=way, moment=_EPOCH + int(moment) * _EPOCH.resolution, case_id=int(case_id))
        except OverflowError:
            return None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows of a page, and the cursors of its neighbours.

    :ivar total: number of rows of the whole list, if this page is all of it; else None.
    """

    rows: Sequence[Record]
    next: str | None
    previous: str | None
    total: Total | None = None


class PageWindow:
    """A page to be read: its start, direction and size.

    :param cursor: of the address; an invalid one means the first page.
    :param size: rows, at most 100.
    :param since: no case of the list was registered before, so it has no earlier deadline or change either, and the
    index need not be scanned from the beginning.
    """

    def __init__(
        self, sort: Sort, cursor: str | None = None, size: int = PAGE_SIZE, *, since: datetime | None = None
    ) -> None:
        self.sort, self.since = sort, since
        self.size = min(size, 100)
        self._place = Cursor.parse(cursor) if cursor else None
        self._backwards = self._place is not None and self._place.way == "before"

    def narrow(self, query: Rows, *key: Expression) -> Rows:
        """Return a query for the rows of a page.

        It reads one more, which shows whether there are others.

        :param key: timestamp and case id, if they are not columns of ``Case`` itself.
        """
        moment, case_id = key or (self.sort.column, Case.id)
        if self.since:
            query = query.where(moment >= self.since - CLOCKS)
        if self._place:
            query = query.where(self._beyond(tuple_(moment, case_id), self._place))
        if self.sort.descending != self._backwards:
            query = query.order_by(moment.desc(), case_id.desc())
        else:
            query = query.order_by(moment, case_id)
        return query.limit(self.size + 1)

    def page(self, rows: Sequence[Record]) -> Page:
        """Return the page of the rows of :meth:`narrow`.

        The first column is ``Case``.
        """
        more, rows = len(rows) > self.size, rows[: self.size]
        if self._backwards:
            rows = rows[::-1]
        before = more if self._backwards else self._place
        return Page(
            rows=rows,
            next=self._cursor("after", rows[-1][0]) if rows and (more or self._backwards) else None,
            previous=self._cursor("before", rows[0][0]) if rows and before else None,
            total=None if more or self._place else Total(len(rows)),
        )

    def _beyond(self, key: Tuple, place: Cursor) -> ColumnElement[bool]:
        here = tuple_(place.moment, place.case_id)
        return key < here if (place.way == "after") == self.sort.descending else key > here

    def _cursor(self, way: Way, case: Case) -> str:
        return str(Cursor(way=way, moment=getattr(case, self.sort.column.key), case_id=case.id))


def case_page(
    session: Session,
    query: Rows,
    *,
    sort: Sort,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
    since: datetime | None = None,
) -> Page:
    """Return one page of a query.

    Its first column is ``Case``; one statement is executed.

    :param cursor: of the address; an invalid one means the first page.
    :param size: rows, at most 100.
    :param since: no case of the list was registered before, see
        :meth:`civicportal.domain.cases.narrowing.CaseFilters.since`.
    """
    window = PageWindow(sort, cursor, size, since=since)
    return window.page(session.execute(window.narrow(query)).all())
