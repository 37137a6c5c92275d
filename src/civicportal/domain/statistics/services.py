"""Verification and rebuilding of the counters."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Subquery, delete, func, insert, literal, or_, select, text, union_all

from civicportal.core.db.dates import city_day
from civicportal.core.work import Service
from civicportal.domain.cases.conditions import sent_between
from civicportal.domain.cases.counter_models import (
    CaseCount,
    CaseMonthCount,
    CaseTotal,
    CounterColumns,
    DatedCounter,
)
from civicportal.domain.cases.counters import MEASURES, CountKey, TotalKey, Values
from civicportal.domain.cases.models import Case
from civicportal.domain.statistics.conditions import MEASURED
from civicportal.domain.statistics.periods import Span
from civicportal.util.calendar.months import month_after, month_of
from civicportal.util.queries import Expression, Rows

# A transaction that has changed a case and not yet counted it waits, and adds to the new counters. All counters are
# written by one statement, including the daily ones, so locking this one table is enough; locking more could deadlock,
# because PostgreSQL locks the tables of a new statement in another order than those of a cached plan.
_ALONE = text("LOCK TABLE case_counts IN SHARE ROW EXCLUSIVE MODE")
Key = TypeVar("Key", CountKey, TotalKey)
Differences = dict[Key, tuple[Values, Values]]
"""Wrong counters as (stored, live), in the order of the measures."""


class StatisticsService(Service):
    """Verify and rebuild the counters of cases."""

    def verify(self) -> Differences[CountKey]:
        """Return the wrong daily counters."""
        found: Differences[CountKey] = {}
        for span in self.months():
            found |= self._compared(
                CountKey, _stored(CaseCount, CountKey, *_within(CaseCount, span)), self._rows(span)
            )
        return found

    def verify_months(self) -> Differences[CountKey]:
        """Return the monthly counters that differ from the sums of their days."""
        found: Differences[CountKey] = {}
        for span in self.months():
            found |= self._compared(
                CountKey, _stored(CaseMonthCount, CountKey, *_within(CaseMonthCount, span)), _days_of(span)
            )
        return found

    def verify_totals(self) -> Differences[TotalKey]:
        """Return the total counters that differ from the sums of the months."""
        return self._compared(TotalKey, _stored(CaseTotal, TotalKey), _all_months())

    def number(self) -> int:
        """Return the number of daily counters."""
        return self.session.scalar(select(func.count()).select_from(CaseCount)) or 0

    def rebuild_month(self, span: Span) -> None:
        """Rebuild the counters of a month and its days, exact under concurrent writes."""
        self._alone()
        self._replace(CaseCount, span, self._rows(span))
        self._sum_up(span)

    def sum_up(self, span: Span) -> None:
        """Rebuild the counters of a month from those of its days."""
        self._alone()
        self._sum_up(span)

    def rebuild_totals(self) -> None:
        """Rebuild the total counters from the monthly ones."""
        self._alone()
        self._total_up()

    def months(self) -> Iterator[Span]:
        """Yield the months of the city's calendar that have cases or counters."""
        calendar = self.work.site.calendar
        moments = self.session.execute(select(func.min(Case.created_at), func.max(Case.created_at))).one()
        days = self.session.execute(select(func.min(CaseCount.day), func.max(CaseCount.day))).one()
        known = [*(calendar.today(moment) for moment in moments if moment), *(day for day in days if day)]
        if not known:
            return
        first = month_of(min(known), calendar)
        while first <= max(known):
            following = month_after(first, calendar)
            yield Span(first=first, last=following - timedelta(days=1))
            first = following

    def missing(self) -> bool:
        """Return whether there are cases but no counters."""
        counter, case = (self.session.scalar(select(of).limit(1)) for of in (CaseCount.kind, Case.id))
        return case is not None and counter is None

    def _alone(self) -> None:
        if self.work.site.engines.dialect == "postgresql":
            self.session.execute(_ALONE)

    def _sum_up(self, span: Span) -> None:
        self._replace(CaseMonthCount, span, _days_of(span))
        self._total_up()

    def _total_up(self) -> None:
        self.session.execute(delete(CaseTotal))
        rows = _summed(_all_months(), TotalKey)
        self.session.execute(insert(CaseTotal).from_select([*TotalKey._fields, *MEASURES], rows))

    def _replace(self, model: type[DatedCounter], span: Span, rows: Subquery) -> None:
        self.session.execute(delete(model).where(*_within(model, span)))
        rows_summed = _summed(rows, CountKey)
        self.session.execute(insert(model).from_select([*CountKey._fields, *MEASURES], rows_summed))

    def _compared(self, key: type[Key], stored: Rows, rows: Subquery) -> Differences[Key]:
        """Return the stored rows that differ from the sums of other rows."""
        both = union_all(stored, _summed(rows, key, "live")).subquery()
        sums = [func.sum(both.c[f"{side}_{name}"]) for side in ("stored", "live") for name in MEASURES]
        keys = [both.c[name] for name in key._fields]
        half = len(MEASURES)
        differ = [old != new for old, new in zip(sums[:half], sums[half:], strict=True)]
        query = select(*keys, *sums).group_by(*keys).having(or_(*differ)).order_by(*keys)
        found = {}
        for row in self.session.execute(query):
            numbers = tuple(int(number) for number in row[len(keys) :])
            found[key(*row[: len(keys)])] = (numbers[:half], numbers[half:])
        return found

    def _rows(self, span: Span) -> Subquery:
        """Return every case of a period as its key and measures."""
        calendar = self.work.site.calendar
        since = calendar.begin(span.first)
        values: dict[str, Expression] = {
            "kind": Case.kind,
            "day": city_day(Case.created_at, calendar.timezone, since),
            "stage": Case.stage,
            "status": Case.status,
            "category_id": func.coalesce(Case.category_id, 0),
            "unit_id": func.coalesce(Case.unit_id, 0),
            **MEASURED,
        }
        query: Rows = select(*(value.label(name) for name, value in values.items()))
        return query.where(sent_between(calendar, span.first, span.last)).subquery()


def _within(model: type[DatedCounter], span: Span) -> tuple[ColumnElement[bool], ...]:
    return model.day >= span.first, model.day <= span.last


def _days_of(span: Span) -> Subquery:
    """Return the daily counters of a month, dated by its first day."""
    columns = {name: getattr(CaseCount, name) for name in (*CountKey._fields, *MEASURES)}
    columns["day"] = literal(span.first, CaseCount.day.type)
    return (
        select(*(column.label(name) for name, column in columns.items()))
        .where(*_within(CaseCount, span), CaseCount.n != 0)
        .subquery()
    )


def _all_months() -> Subquery:
    """Return all monthly counters without their month."""
    columns = (getattr(CaseMonthCount, name) for name in (*TotalKey._fields, *MEASURES))
    return select(*columns).where(CaseMonthCount.n != 0).subquery()


def _summed(rows: Subquery, key: type[Key], side: str = "") -> Rows:
    """Return sums by key."""
    keys = [rows.c[name] for name in key._fields]
    sums = [func.sum(rows.c[name]).label(f"{side}_{name}" if side else name) for name in MEASURES]
    zeros = [literal(0).label(f"stored_{name}") for name in MEASURES] if side else []
    return select(*keys, *zeros, *sums).group_by(*keys)


def _stored(model: type[CounterColumns], key: type[Key], *within: ColumnElement[bool]) -> Rows:
    keys = [getattr(model, name) for name in key._fields]
    numbers = [getattr(model, name).label(f"stored_{name}") for name in MEASURES]
    zeros = (literal(0).label(f"live_{name}") for name in MEASURES)
    return select(*keys, *numbers, *zeros).where(*within)
