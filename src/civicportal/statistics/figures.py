"""The figures of a selection: from the counters where they know the answer, else from the cases, the same either way.

The number of statements does not depend on how many cases, units or days there are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Select, Subquery, case, func, literal, select

from civicportal.calendar.sql import city_day, city_hour, city_weekday
from civicportal.cases.conditions import overdue
from civicportal.cases.models import Case
from civicportal.statistics.conditions import MEASURED
from civicportal.statistics.counters import MEASURES, Values
from civicportal.statistics.models import CaseCount
from civicportal.statistics.numbers import Numbers
from civicportal.statistics.periods import Span
from civicportal.statistics.remembered import remembered
from civicportal.statistics.selection import Facet, Selection

if TYPE_CHECKING:
    from civicportal.work import Work

Rows = TypeVar("Rows")


@dataclass(kw_only=True)
class Figures:
    """What is known of a selection.

    :ivar before: the same of the span before, None where there is none.
    :ivar by_status: number of cases by status.
    :ivar by_category: number of cases by id of their category; 0 for none.
    """

    now: Numbers = field(default_factory=Numbers)
    before: Numbers | None = None
    by_status: dict[str, int] = field(default_factory=dict)
    by_category: dict[int, int] = field(default_factory=dict)

    def of(self, is_now: int) -> Numbers:
        """Return the numbers of this span, or of the one before."""
        return self.now if is_now or self.before is None else self.before


class FigureService:
    """Reads figures."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session
        self._stamped: tuple[Selection, Values] | None = None

    def figures(self, selection: Selection) -> Figures:
        """Return the figures of a selection and of the span before it."""
        found = Figures(before=Numbers() if selection.span.before else None)
        for is_now, stage, status, category, *values in self._sums(
            selection, _both(selection.span), ("is_now", "stage", "status", "category_id")
        ):
            found.of(is_now).add(stage, tuple(values))
            if is_now:
                found.by_status[status] = found.by_status.get(status, 0) + values[0]
                found.by_category[category] = found.by_category.get(category, 0) + values[0]
        self._stamped = (selection, found.now.stamp + (found.before.stamp if found.before else ()))
        span = _both(selection.span)
        for is_now, number in self._kept("overdue", selection, lambda: self._overdue(selection, span)):
            found.of(is_now).overdue += number
        for is_now, hours, number in self._kept("hours", selection, lambda: self._hours(selection)):
            found.of(is_now).hours[hours] += number
        for is_now, number in self._kept("citizens", selection, lambda: self._citizens(selection)):
            found.of(is_now).citizens = number
        return found

    def totals(self, selection: Selection) -> Numbers:
        """Return only what adds up, and what is overdue."""
        found = Numbers()
        for stage, *values in self._sums(selection, selection.span, ("stage",)):
            found.add(stage, tuple(values))
        found.overdue = sum(number for _, number in self._overdue(selection, selection.span))
        return found

    def by_day(self, selection: Selection) -> dict[date, tuple[int, int]]:
        """Return by day of registration how many cases there are, and how many of them are reviewed by now."""
        found: dict[date, tuple[int, int]] = {}
        days = self._kept(
            "days",
            selection,
            lambda: self._sums(selection, selection.span, ("day", "stage"), measures=("n",)),
        )
        for day, stage, number in days:
            registered, reviewed = found.get(day, (0, 0))
            found[day] = (registered + number, reviewed + (number if stage == "done" else 0))
        return found

    def table(self, selection: Selection, facet: Facet) -> dict[str, Numbers]:
        """Return the numbers of each group of a facet, the largest first."""
        found: dict[str, Numbers] = {}
        sums, overdue, hours = self._kept(f"by {facet.name}", selection, lambda: self._by(selection, facet))

        def groups(value: Any) -> Iterable[Numbers]:
            return [found.setdefault(group, Numbers()) for group in facet.groups(value)]

        for value, stage, *values in sums:
            for numbers in groups(value):
                numbers.add(stage, tuple(values))
        for value, number in overdue:
            for numbers in groups(value):
                numbers.overdue += number
        for value, worked, number in hours:
            for numbers in groups(value):
                numbers.hours[worked] += number
        return dict(sorted(found.items(), key=lambda item: (-item[1].registered, item[0])))

    def _by(self, selection: Selection, facet: Facet) -> tuple[Sequence[Any], ...]:
        return (
            self._sums(selection, selection.span, ("facet", "stage"), facet),
            self._overdue(selection, selection.span, facet),
            self._hours(selection, facet),
        )

    def by_hour(self, selection: Selection) -> dict[tuple[int, int], int]:
        """Return how many cases were registered in each (weekday, hour) of the city, Monday being 0."""
        zone = self.work.site.calendar.timezone
        columns = (city_weekday(Case.created_at, zone), city_hour(Case.created_at, zone))
        rows = self._rows(selection, selection.span, columns)
        return {(weekday, hour): number for weekday, hour, number in self._numbers(rows)}

    # -- sums: from counters, or from the cases -------------------------------------------------------------------

    def _sums(
        self,
        selection: Selection,
        span: Span,
        names: tuple[str, ...],
        facet: Facet | None = None,
        measures: tuple[str, ...] = MEASURES,
    ) -> Sequence[Any]:
        """Return rows of the keys of these names and a sum for each measure."""
        counted = selection.counted(self.work) and (facet is None or facet.counter is not None)
        if counted:
            keys = self._counter_keys(selection, facet)
            days = [CaseCount.day >= span.first] if span.first else []
            days += [CaseCount.day <= span.last] if span.last else []
            values: list[Any] = [getattr(CaseCount, name).label(name) for name in measures]
            query = select(*(keys[name].label(name) for name in names), *values).where(
                CaseCount.kind == selection.kind.name, *days, *selection.where(CaseCount)
            )
        else:
            keys = self._case_keys(selection, facet)
            values = [MEASURED[name].label(name) for name in measures]
            query = selection.rows(
                self.work, span, *(keys[name].label(name) for name in names), *values, facet=facet
            )
        rows = query.subquery()
        columns = [rows.c[name] for name in names]
        sums = select(*columns, *(func.sum(rows.c[name]) for name in measures)).group_by(*columns)
        # Counters stay when their cases have gone elsewhere.
        return self.session.execute(sums.having(func.sum(rows.c.n) != 0)).all()

    def _counter_keys(self, selection: Selection, facet: Facet | None) -> dict[str, Any]:
        return {
            "is_now": _since(CaseCount.day, selection.span.first),
            "day": CaseCount.day,
            "stage": CaseCount.stage,
            "status": CaseCount.status,
            "category_id": CaseCount.category_id,
            "facet": facet.counter if facet else None,
        }

    def _case_keys(self, selection: Selection, facet: Facet | None) -> dict[str, Any]:
        return {
            "is_now": self._is_now(selection),
            "day": city_day(Case.created_at, self.work.site.calendar.timezone, self._first(selection)),
            "stage": Case.stage,
            "status": Case.status,
            "category_id": func.coalesce(Case.category_id, 0),
            "facet": facet.column if facet else None,
        }

    # -- what cannot be added up ----------------------------------------------------------------------------------

    def _overdue(self, selection: Selection, span: Span, facet: Facet | None = None) -> Sequence[Any]:
        key = facet.column if facet else self._is_now(selection)
        late = overdue(self.work.clock.now())
        return self._numbers(self._rows(selection, span, (key,), late, facet=facet))

    def _hours(self, selection: Selection, facet: Facet | None = None) -> Sequence[Any]:
        span = selection.span if facet else _both(selection.span)
        key = facet.column if facet else self._is_now(selection)
        columns = (key, (Case.handling_minutes + 30) // 60)
        return self._numbers(
            self._rows(selection, span, columns, Case.handling_minutes.is_not(None), facet=facet)
        )

    def _citizens(self, selection: Selection) -> Sequence[Any]:
        rows = self._rows(
            selection,
            _both(selection.span),
            (self._is_now(selection), Case.citizen_id),
            Case.citizen_id.is_not(None),
        )
        # Grouping twice lets PostgreSQL hash; count(distinct …) would sort.
        people = select(rows.c.k0, rows.c.k1).group_by(rows.c.k0, rows.c.k1).subquery()
        return self.session.execute(select(people.c.k0, func.count()).group_by(people.c.k0)).all()

    def _rows(
        self,
        selection: Selection,
        span: Span,
        columns: Iterable[Any],
        *conditions: ColumnElement[bool],
        facet: Facet | None = None,
    ) -> Subquery:
        named = (column.label(f"k{number}") for number, column in enumerate(columns))
        return selection.rows(self.work, span, *named, facet=facet).where(*conditions).subquery()

    def _numbers(self, rows: Subquery) -> Sequence[Any]:
        return self.session.execute(_count(rows)).all()

    def _is_now(self, selection: Selection) -> ColumnElement[int]:
        return _since(Case.created_at, self._first(selection))

    def _first(self, selection: Selection) -> datetime | None:
        first = selection.span.first
        return self.work.site.calendar.day_bounds(first)[0] if first else None

    def _kept(self, name: str, selection: Selection, read: Callable[[], Rows]) -> Rows:
        """Return what was read before of the same cases, where :meth:`figures` has just counted them."""
        if self._stamped is None or self._stamped[0] is not selection or not selection.counted(self.work):
            return read()
        where = (name, selection.kind.name, selection.span, selection.categories, selection.units)
        stamp = self._stamped[1]
        return remembered(self.work.site, where, stamp, number=stamp[0], read=read)


def _since(column: Any, first: Any) -> ColumnElement[int]:
    return case((column >= first, 1), else_=0) if first else literal(1)


def _both(span: Span) -> Span:
    """Return the days of a span and of the one before it."""
    before = span.before
    return Span(first=before.first if before else span.first, last=span.last)


def _count(rows: Subquery) -> Select[Any]:
    return select(*rows.c, func.count()).group_by(*rows.c)
