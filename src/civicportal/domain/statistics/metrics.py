"""Figures of a selection.

The number of statements does not depend on the number of cases, units or days.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, literal

from civicportal.core.work import Service
from civicportal.domain.cases.conditions import overdue
from civicportal.domain.cases.counters import MEASURES
from civicportal.domain.cases.models import Case
from civicportal.domain.statistics.numbers import Numbers
from civicportal.domain.statistics.periods import Span, Step
from civicportal.domain.statistics.reading import HOURS, MetricsReader
from civicportal.domain.statistics.remembered import remembered
from civicportal.domain.statistics.selection import CaseSelection, Facet
from civicportal.util.queries import Expression, Record

if TYPE_CHECKING:
    from civicportal.core.work import Work


Stamp = tuple[int, bytes]
"""The number of cases by the counters, and a digest of their counts by stage, status and category."""


@dataclass(kw_only=True)
class CaseMetrics:
    """Figures of a selection.

    :ivar before: the same of the previous period, None if there is none.
    :ivar by_status: number of cases by status.
    :ivar by_category: number of cases by id of their category; 0 for none.
    """

    now: Numbers = field(default_factory=Numbers)
    before: Numbers | None = None
    by_status: dict[str, int] = field(default_factory=dict)
    by_category: dict[int, int] = field(default_factory=dict)

    def of(self, is_now: int) -> Numbers:
        """Return the numbers of this period, or of the previous one."""
        return self.now if is_now or self.before is None else self.before


class MetricsService(Service):
    """Read metrics."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.reader = MetricsReader(work)
        self._of: CaseSelection | None = None
        self._stamp: Stamp | None = None
        self._known: dict[str, Sequence[Record]] = {}

    def metrics(self, selection: CaseSelection, facet: Facet | None = None) -> CaseMetrics:
        """Return the metrics of a selection and of the previous period.

        :param facet: whose table is requested next: data for both are read once.
        """
        found = CaseMetrics(before=Numbers() if selection.span.before else None)
        counted = selection.counted(self.work)
        names = ("is_now", "stage", "status", "category_id")
        sums = self.reader.sums(selection, names, before=True) if counted else self._live(selection, facet)
        for is_now, stage, status, category, *values in sums:
            found.of(is_now).add(stage, tuple(values))
            if is_now:
                found.by_status[status] = found.by_status.get(status, 0) + values[0]
                found.by_category[category] = found.by_category.get(category, 0) + values[0]
        if counted:
            self._begin(selection, (found.now.registered, _digest(sums)))
            facet = facet if facet and facet.counter else None
        for is_now, _group, number in self._overdue(selection, facet):
            found.of(is_now).overdue += number
        for is_now, _group, hours, number in self._hours(selection, facet):
            found.of(is_now).hours[hours] += number
        for is_now, number in self._kept("citizens", selection, lambda: self.reader.citizens(selection)):
            found.of(is_now).citizens = number
        return found

    def by_day(self, selection: CaseSelection, step: Step = "day") -> dict[date, tuple[int, int]]:
        """Return registered and reviewed cases by day.

        :param step: with "month" each month of the period is summed under its first day.
        """
        found: dict[date, tuple[int, int]] = {}
        names, by_month = ("day", "stage"), step == "month" and selection.counted(self.work)
        days = self._kept(
            "months" if by_month else "days",
            selection,
            lambda: self.reader.sums(selection, names, measures=("n",), by_month=by_month),
        )
        for day, stage, number in days:
            registered, reviewed = found.get(day, (0, 0))
            found[day] = (registered + number, reviewed + (number if stage == "done" else 0))
        return found

    def days(self, selection: CaseSelection) -> Span:
        """Return the days of a selection.

        An open end is its first or its last case.
        """
        span = selection.span
        if span.first and span.last:
            return span
        if selection.counted(self.work):
            first, last = self.reader.first_and_last(selection)
        else:
            by_day = self.by_day(selection)
            first, last = min(by_day, default=None), max(by_day, default=None)
        return Span(first=span.first or first, last=span.last or last)

    def table(self, selection: CaseSelection, facet: Facet) -> dict[str, Numbers]:
        """Return the numbers of each group of a facet, largest first."""
        found: dict[str, Numbers] = {}
        if not facet.counter:
            self._read_facet(selection, facet)
        sums = self._kept(
            f"sums by {facet.name}", selection, lambda: self.reader.sums(selection, ("facet", "stage"), facet)
        )
        known: dict[object, list[Numbers]] = {}

        def groups(value: object) -> Iterable[Numbers]:
            if value not in known:
                known[value] = [found.setdefault(group, Numbers()) for group in facet.groups(value)]
            return known[value]

        for value, stage, *values in sums:
            for numbers in groups(value):
                numbers.add(stage, tuple(values))
        for is_now, value, number in self._overdue(selection, facet):
            for numbers in groups(value) if is_now else ():
                numbers.overdue += number
        for is_now, value, hours, number in self._hours(selection, facet):
            for numbers in groups(value) if is_now else ():
                numbers.hours[hours] += number
        return dict(sorted(found.items(), key=lambda item: (-item[1].registered, item[0])))

    def by_hour(self, selection: CaseSelection) -> dict[tuple[int, int], int]:
        """Return the number of cases by (weekday, hour) in the city's time, Monday being 0."""
        rows = self._kept("hours of the day", selection, lambda: self.reader.by_hour(selection))
        return {(weekday, hour): number for weekday, hour, number in rows}

    # -- what cannot be added up: (is_now, group of the facet, …, number) ----------------------------------------

    def _live(self, selection: CaseSelection, facet: Facet | None) -> Sequence[Record]:
        """Return the sums of :meth:`metrics` from the cases."""
        found = self.reader.at_once(selection, facet)
        self._begin(selection, None)
        by = facet.name if facet else ""
        sums = [(row, [getattr(row, name) for name in MEASURES]) for row in found["sums"]]
        self._known = {
            f"overdue by {by}": [(row.is_now, row.facet, row.overdue) for row, _values in sums],
            f"sums by {by}": [(row.facet, row.stage, *values) for row, values in sums if row.is_now],
            f"hours by {by}": [(row.is_now, row.facet, row.hours, row.n) for row in found["hours"]],
            "days": [(row.day, row.stage, row.n) for row in found["days"]],
            "citizens": [(row.is_now, row.n) for row in found["citizens"]],
        }
        return [(row.is_now, row.stage, row.status, row.category_id, *values) for row, values in sums]

    def _read_facet(self, selection: CaseSelection, facet: Facet) -> None:
        """Read the data for a facet without counters, unless :meth:`_live` has read them."""
        by = facet.name
        if self._of is selection and f"sums by {by}" in self._known:
            return
        rows = self._kept(f"all by {by}", selection, lambda: self.reader.by_facet(selection, facet))
        self._known |= {
            f"sums by {by}": [(group, stage, *values) for group, stage, _hours, _late, *values in rows],
            f"overdue by {by}": [(1, row[0], row[3]) for row in rows],
            f"hours by {by}": [(1, row[0], row[2], row[4]) for row in rows if row[2] is not None],
        }

    def _overdue(self, selection: CaseSelection, facet: Facet | None = None) -> Sequence[Record]:
        late = overdue(self.work.clock.now())
        return self._spread("overdue", selection, facet, (), late)

    def _hours(self, selection: CaseSelection, facet: Facet | None = None) -> Sequence[Record]:
        return self._spread("hours", selection, facet, (HOURS,), Case.handling_minutes.is_not(None))

    def _spread(
        self,
        name: str,
        selection: CaseSelection,
        facet: Facet | None,
        columns: tuple[Expression, ...],
        condition: ColumnElement[bool],
    ) -> Sequence[Record]:
        group = facet.column if facet else literal(None)
        keys = (self.reader.is_now(selection), group, *columns)
        return self._kept(
            f"{name} by {facet.name if facet else ''}",
            selection,
            lambda: self.reader.numbers(selection, keys, condition, facet=facet),
        )

    # -- what was read before ----------------------------------------------------------------------------------------

    def _begin(self, selection: CaseSelection, stamp: Stamp | None) -> None:
        self._of, self._stamp, self._known = selection, stamp, {}

    def _kept(
        self, name: str, selection: CaseSelection, read: Callable[[], Sequence[Record]]
    ) -> Sequence[Record]:
        """Return an earlier result for the same cases."""
        if self._of is not selection:
            self._begin(selection, None)
        if name not in self._known:
            self._known[name] = self._remembered(name, selection, read)
        return self._known[name]

    def _remembered(
        self, name: str, selection: CaseSelection, read: Callable[[], Sequence[Record]]
    ) -> Sequence[Record]:
        if self._stamp is None or not selection.counted(self.work):
            return read()
        where = (name, selection.kind.name, selection.span, selection.categories, selection.units)
        number, stamp = self._stamp
        return remembered(self.work.site, where, stamp, number=number, read=read)


def _digest(rows: Sequence[Record]) -> bytes:
    # The rows themselves would be a tenth of a megabyte for each cached view.
    return hashlib.sha256(pickle.dumps([tuple(row) for row in rows])).digest()
