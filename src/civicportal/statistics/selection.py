"""What is counted: the cases of a list, said once by the query of that list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, select

from civicportal.access import sees_all
from civicportal.cases.conditions import sent_between
from civicportal.cases.models import Case
from civicportal.cases.narrowing import category_ids, has_one_of, unit_ids
from civicportal.cases.workflow import CaseKind
from civicportal.statistics.asked import span_of
from civicportal.statistics.periods import Span

if TYPE_CHECKING:
    from civicportal.work import Work


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The cases of one kind that a list shows with certain filters.

    :ivar query: the list's own query: called with days and columns it returns the cases of these days that the filters
        leave and the actor may see.
    :ivar span: the days.
    :ivar categories: ids of the categories that the filters leave, 0 for none; None for all.
    :ivar units: the same of units that hold the cases.
    :ivar narrowed: the filters say more than days, categories and units, so that counters cannot answer.
    """

    kind: CaseKind
    query: Callable[..., Select[Any]]
    span: Span
    categories: frozenset[int] | None = None
    units: frozenset[int] | None = None
    narrowed: bool = False

    def counted(self, work: "Work") -> bool:
        """Return whether the counters know the answer: nothing but days, categories and units narrows, and no scope."""
        return not self.narrowed and sees_all(work.actor, self.kind.name)

    def rows(self, work: "Work", span: Span, *columns: Any, facet: "Facet | None" = None) -> Select[Any]:
        """Return a query for columns of the cases of some days.

        Where nothing but core columns narrows, the kind's own table is left alone.

        :param facet: whose column is among them.
        """
        if not self.counted(work) or (facet and not facet.of_case):
            return self.query(span, *columns)
        of_days = sent_between(work.site.calendar, span.first, span.last)
        return select(*columns).where(Case.kind == self.kind.name, of_days, *self.where(Case))

    def where(self, table: Any) -> list[ColumnElement[bool]]:
        """Return the conditions on ``category_id`` and ``unit_id`` of a table."""
        found = []
        if self.categories is not None:
            found.append(has_one_of(table.category_id, self.categories))
        if self.units is not None:
            found.append(has_one_of(table.unit_id, self.units))
        return found


@dataclass(frozen=True, kw_only=True)
class Facet:
    """Something by which cases are told apart in a table: the unit, the district, how they came in.

    :ivar name: of the list's filter.
    :ivar title: of the table, and ``head`` of the column that says which one.
    :ivar column: holds the value.
    :ivar groups: values of the column to what the filter calls them; one value may count in several groups, a unit in
        the units above it.
    :ivar titles: what people read for each group.
    :ivar counter: name of the column of the counters that holds the same, if there is one.
    """

    name: str
    title: Any
    head: Any
    column: Any
    groups: Callable[[Any], tuple[str, ...]] = field(default=lambda value: (value or "",))
    titles: Mapping[str, Any] = field(default_factory=dict)
    counter: str = ""

    @property
    def of_case(self) -> bool:
        """Return whether the column is one of the core's."""
        return self.column.class_ is Case


DAYS = frozenset({"period", "first_day", "last_day"})
"""Filters that say which days are meant."""
ITSELF = "itself"
"""The filter that leaves out what lies below the category that is asked for; by itself it narrows nothing."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a page of figures is about.

    :ivar values: of the list's filters and the period, as they were read.
    :ivar query: the list's own query; see :class:`Selection`.
    :ivar facets: by what cases can be told apart, the usual one first.
    :ivar counted: filters that the counters know: "category" and "unit", where they mean the case's own.
    """

    kind: CaseKind
    values: Mapping[str, Any]
    query: Callable[..., Select[Any]]
    facets: tuple[Facet, ...]
    counted: frozenset[str] = frozenset({"category", "unit"})

    def selection(self, work: "Work") -> Selection:
        """Return the cases that the filters leave."""
        values, calendar = self.values, work.site.calendar
        category, unit = (values.get(name) if name in self.counted else None for name in ("category", "unit"))
        narrowing = values.keys() - DAYS - self.counted - {ITSELF}
        return Selection(
            kind=self.kind,
            query=self.query,
            span=span_of(
                values.get("period"),
                values.get("first_day"),
                values.get("last_day"),
                calendar,
                calendar.today(work.clock.now()),
            ),
            categories=category_ids(work, self.kind.name, category, itself=bool(values.get(ITSELF)))
            if category
            else None,
            units=unit_ids(work, unit) if unit else None,
            narrowed=any(_narrows(values[name]) for name in narrowing),
        )


def _narrows(value: Any) -> bool:
    # The citizen 0 is a number that belongs to nobody: it leaves nothing, and equals False all the same.
    return value is not False and value not in (None, "")
