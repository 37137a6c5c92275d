"""Reading of sums, from the counters or the cases, and of other values, from the cases."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    String,
    Subquery,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from civicportal.core.db.dates import city_day, city_hour, city_weekday, quarter_of_an_hour
from civicportal.core.work import Service
from civicportal.domain.cases.conditions import overdue
from civicportal.domain.cases.counter_models import CaseCount, CounterColumns
from civicportal.domain.cases.counters import MEASURES
from civicportal.domain.cases.models import Case
from civicportal.domain.statistics.conditions import MEASURED
from civicportal.domain.statistics.lookup import counted_in, counter_spans
from civicportal.domain.statistics.periods import Span
from civicportal.domain.statistics.selection import CaseSelection, Facet
from civicportal.util.calendar import CityCalendar
from civicportal.util.queries import Expression, NamedRecord, Record, Rows, Selected

PATIENCE = 20
"""Statement timeout in seconds; such a statement reads all cases of a large city several times."""

HOURS = (Case.handling_minutes + 30) // 60
"""Whole working hours until the closing."""
KEYS = ("is_now", "stage", "status", "category_id", "facet", "day", "hours")
SUMS = ("overdue", *MEASURES)


class MetricsReader(Service):
    """Read figures, one statement per method."""

    def sums(
        self,
        selection: CaseSelection,
        names: tuple[str, ...],
        facet: Facet | None = None,
        *,
        measures: tuple[str, ...] = MEASURES,
        before: bool = False,
        by_month: bool = True,
    ) -> Sequence[Record]:
        """Return rows of these keys and a sum for each measure.

        :param before: read the previous period too, by is_now and stage only.
        :param by_month: whole months may be read from monthly counters.
        """
        span, calendar = selection.span, self.work.site.calendar
        if selection.counted(self.work) and (facet is None or facet.counter):
            spans = [span, span.before] if before and span.before else [span]
            parts = [
                self._counters(
                    selection,
                    model,
                    days,
                    *(self._counter_key(name, model, one is span, facet).label(name) for name in names),
                    *(getattr(model, name).label(name) for name in measures),
                )
                for one in spans
                for model, days in (
                    counter_spans(one, calendar, dated="day" in names) if by_month else [(CaseCount, one)]
                )
            ]
            rows = union_all(*parts).subquery()
        else:
            keys = self._case_keys(selection, facet)
            columns: list[Expression] = [
                *(keys[name].label(name) for name in names),
                *(MEASURED[name].label(name) for name in measures),
            ]
            rows = self._cases(selection, *columns, before=before, facet=facet).subquery()
        found = [rows.c[name] for name in names]
        sums = (func.sum(rows.c[name]) for name in measures)
        return self.session.execute(select(*found, *sums).group_by(*found)).all()

    def at_once(self, selection: CaseSelection, facet: Facet | None) -> Mapping[str, Sequence[NamedRecord]]:
        """Read everything that no counter has, in one statement.

        :returns: rows with the names of :data:`KEYS` and :data:`SUMS`, unused ones being None: under "sums" by
        is_now, stage, status, category and facet; under "hours" by is_now, facet and hours; under "days" those of
        the period itself by day and stage; under "citizens" the number of people by is_now.
        """
        columns: dict[str, Expression] = {
            **self._case_keys(selection, facet),
            "hours": HOURS,
            "overdue": self._late(),
            **MEASURED,
            "citizen_id": Case.citizen_id,
        }
        named: Iterator[Expression] = (column.label(name) for name, column in columns.items())
        rows = self._cases(selection, *named, before=True, facet=facet).cte("looked_at")
        known = select(rows.c.is_now, rows.c.citizen_id).where(rows.c.citizen_id.is_not(None))
        people = known.distinct().subquery()
        sums = {name: func.sum(rows.c[name]) for name in SUMS}
        number = {"n": func.count()}
        parts = (
            self._part("sums", rows, rows, ("is_now", "stage", "status", "category_id", "facet"), sums),
            self._part("hours", rows, rows, ("is_now", "facet", "hours"), number).where(
                rows.c.hours.is_not(None)
            ),
            self._part("days", rows, rows, ("day", "stage"), number).where(rows.c.is_now == 1),
            self._part("citizens", rows, people, ("is_now",), number),
        )
        found: dict[str, list[NamedRecord]] = {"sums": [], "hours": [], "days": [], "citizens": []}
        for row in self._patiently(union_all(*parts)):
            found[row.part].append(row)
        return found

    @staticmethod
    def _part(
        name: str, rows: FromClause, of: FromClause, keys: Sequence[str], sums: Mapping[str, Expression]
    ) -> Rows:
        """Return one part of a union, with NULL of the right type for columns it does not have."""
        known = {**{key: of.c[key] for key in keys}, **sums}
        columns: Iterator[Expression] = (
            known.get(column, cast(null(), rows.c[column].type)).label(column) for column in (*KEYS, *SUMS)
        )
        return select(literal(name).label("part"), *columns).group_by(*(of.c[key] for key in keys))

    def by_facet(self, selection: CaseSelection, facet: Facet) -> Sequence[Record]:
        """Return the rows for the table of a facet of the period itself.

        Their columns are facet, stage, hours, overdue, and the sum of each measure.

        If no counter has the facet, the cases are read once for all of it.
        """
        columns: dict[str, Expression] = {
            "facet": facet.column,
            "stage": Case.stage,
            "hours": HOURS,
            "overdue": self._late(),
            **MEASURED,
        }
        named: Iterator[Expression] = (column.label(name) for name, column in columns.items())
        rows = selection.rows(self.work, selection.span, *named, facet=facet).subquery()
        keys = (rows.c.facet, rows.c.stage, rows.c.hours)
        sums = (func.sum(rows.c[name]) for name in SUMS)
        return self.session.execute(select(*keys, *sums).group_by(*keys)).all()

    def by_hour(self, selection: CaseSelection) -> Sequence[Record]:
        """Return (weekday, hour, number of cases) by the city's clock, Monday being 0."""
        zone, since = self.work.site.calendar.timezone, self._first(selection)
        quarter = quarter_of_an_hour(Case.created_at).label("quarter")
        rows = selection.rows(self.work, selection.span, quarter).subquery()
        begun = rows.c.quarter
        quarters = select(begun, func.count().label("n")).group_by(begun).subquery()
        keys = (part(quarters.c.quarter, zone, since) for part in (city_weekday, city_hour))
        hours = select(*keys, quarters.c.n).subquery()
        weekday, hour, number = hours.c
        return self.session.execute(select(weekday, hour, func.sum(number)).group_by(weekday, hour)).all()

    def citizens(self, selection: CaseSelection) -> Sequence[Record]:
        """Return (is now, number of distinct people)."""
        keys = (self.is_now(selection), Case.citizen_id)
        rows = self._rows(selection, keys, Case.citizen_id.is_not(None))
        # Grouping twice lets PostgreSQL hash; count(distinct …) would sort.
        people = select(*rows.c).group_by(*rows.c).subquery()
        return self._patiently(select(people.c.k0, func.count()).group_by(people.c.k0))

    def _patiently(self, statement: Rows | CompoundSelect[*tuple[Any, ...]]) -> Sequence[NamedRecord]:
        with self.work.site.work(actor=self.work.actor, write=False, patience=PATIENCE) as work:
            return work.session.execute(statement).all()

    def first_and_last(self, selection: CaseSelection) -> Record:
        """Return the first and last day with a case."""
        ends = (func.min(CaseCount.day), func.max(CaseCount.day))
        return self.session.execute(self._counters(selection, CaseCount, selection.span, *ends)).one()

    def numbers(
        self,
        selection: CaseSelection,
        columns: Iterable[Expression],
        *conditions: ColumnElement[bool],
        facet: Facet | None = None,
    ) -> Sequence[Record]:
        """Return the distinct values of columns in both periods, with their numbers."""
        rows = self._rows(selection, columns, *conditions, facet=facet)
        return self.session.execute(select(*rows.c, func.count()).group_by(*rows.c)).all()

    def is_now(self, selection: CaseSelection) -> ColumnElement[int]:
        """Return 1 for cases of the period.

        It is 0 for those of the previous period.
        """
        first = self._first(selection)
        return case((Case.created_at >= first, 1), else_=0) if first else literal(1)

    def _late(self) -> ColumnElement[int]:
        return case((overdue(self.work.clock.now()), 1), else_=0)

    def _first(self, selection: CaseSelection) -> datetime | None:
        return self.work.site.calendar.begin(selection.span.first)

    def _rows(
        self,
        selection: CaseSelection,
        columns: Iterable[Expression],
        *conditions: ColumnElement[bool],
        facet: Facet | None = None,
    ) -> Subquery:
        named: Iterator[Expression] = (column.label(f"k{number}") for number, column in enumerate(columns))
        return self._cases(selection, *named, before=True, facet=facet).where(*conditions).subquery()

    def _cases(
        self, selection: CaseSelection, *columns: Selected, before: bool, facet: Facet | None = None
    ) -> Rows:
        """Return a query for the cases of the period."""
        span = selection.span
        if not before:
            return selection.rows(self.work, span, *columns, facet=facet)
        query = selection.rows(self.work, both(span), *columns, facet=facet)
        return query.where(*_apart(span, self.work.site.calendar))

    @staticmethod
    def _counters(
        selection: CaseSelection, model: type[CounterColumns], span: Span, *columns: Selected
    ) -> Rows:
        return select(*columns).where(*counted_in(model, selection.kind.name, span), *selection.where(model))

    @staticmethod
    def _counter_key(
        name: str, model: type[CounterColumns], is_now: bool, facet: Facet | None
    ) -> ColumnElement[Any]:
        if name == "is_now":
            return literal(int(is_now))
        key: ColumnElement[Any] = getattr(model, facet.counter if facet and name == "facet" else name)
        # This condition leaves fewer rows of the previous period.
        return key if is_now or name == "stage" else cast(null(), key.type)

    def _case_keys(self, selection: CaseSelection, facet: Facet | None) -> dict[str, Expression]:
        return {
            "is_now": self.is_now(selection),
            "day": city_day(Case.created_at, self.work.site.calendar.timezone, self._first(selection)),
            "stage": Case.stage,
            "status": Case.status,
            "category_id": func.coalesce(Case.category_id, 0),
            "facet": facet.column if facet else cast(null(), String),
        }


def both(span: Span) -> Span:
    """Return the days of both periods, and those between them if any."""
    before = span.before
    return Span(first=before.first if before else span.first, last=span.last)


def _apart(span: Span, calendar: CityCalendar) -> list[ColumnElement[bool]]:
    """Return the condition that excludes the days between both periods, if any."""
    before = span.before
    if not (span.first and before and before.last) or (span.first - before.last).days == 1:
        return []
    ended, begun = calendar.day_bounds(before.last)[1], calendar.day_bounds(span.first)[0]
    return [or_(Case.created_at < ended, Case.created_at >= begun)]
