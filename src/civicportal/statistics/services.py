"""Comparing the counters with what the cases say, and making them anew: both by the database, some days at a time."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, Subquery, delete, func, insert, literal, or_, select, text, union_all

from civicportal.calendar.sql import city_day
from civicportal.cases.conditions import sent_between
from civicportal.cases.models import Case
from civicportal.statistics.conditions import MEASURED
from civicportal.statistics.counters import MEASURES, CountKey, Values
from civicportal.statistics.models import CaseCount
from civicportal.statistics.periods import Span

if TYPE_CHECKING:
    from civicportal.work import Work

DAYS_AT_ONCE = 31
"""So many days of a large city are counted well within the patience of a statement."""
# Whoever has changed a case and not yet counted it waits, and adds to the new counters.
_ALONE = text("LOCK TABLE case_counts IN SHARE ROW EXCLUSIVE MODE")


class StatisticsService:
    """The counters of cases."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def verify(self) -> dict[CountKey, tuple[Values, Values]]:
        """Return the counters that are wrong, as (stored, live); the numbers in the order of the measures."""
        found: dict[CountKey, tuple[Values, Values]] = {}
        for span in self.spans():
            found |= self._differences(span)
        return found

    def rebuild(self) -> int:
        """Make all counters anew, in this one transaction.

        :returns: how many there are.
        """
        for span in self.spans():
            self.rebuild_days(span)
        return self.number()

    def number(self) -> int:
        """Return how many counters there are."""
        return self.session.scalar(select(func.count()).select_from(CaseCount)) or 0

    def rebuild_days(self, span: Span) -> None:
        """Make the counters of some days anew; exact under whatever is written meanwhile."""
        if self.work.site.engines.dialect == "postgresql":
            self.session.execute(_ALONE)
        self.session.execute(delete(CaseCount).where(*_days(span)))
        rows = self._rows(span)
        keys = [rows.c[name] for name in CountKey._fields]
        grouped = select(*keys, *(func.sum(rows.c[name]).label(name) for name in MEASURES)).group_by(*keys)
        self.session.execute(insert(CaseCount).from_select([*CountKey._fields, *MEASURES], grouped))

    def spans(self) -> Iterator[Span]:
        """Yield all days that have cases or counters, some at a time."""
        today = self.work.site.calendar.today
        moments = self.session.execute(select(func.min(Case.created_at), func.max(Case.created_at))).one()
        days = self.session.execute(select(func.min(CaseCount.day), func.max(CaseCount.day))).one()
        known = [*(today(moment) for moment in moments if moment), *(day for day in days if day)]
        if not known:
            return
        first: date = min(known)
        while first <= max(known):
            last = first + timedelta(days=DAYS_AT_ONCE - 1)
            yield Span(first=first, last=last)
            first = last + timedelta(days=1)

    def missing(self) -> bool:
        """Tell whether there are cases and no counter."""
        counter, case = (self.session.scalar(select(of).limit(1)) for of in (CaseCount.kind, Case.id))
        return case is not None and counter is None

    def _differences(self, span: Span) -> dict[CountKey, tuple[Values, Values]]:
        both = union_all(_stored(span), self._live(span)).subquery()
        sums = [func.sum(both.c[f"{side}_{name}"]) for side in ("stored", "live") for name in MEASURES]
        keys = [both.c[name] for name in CountKey._fields]
        half = len(MEASURES)
        differ = [stored != live for stored, live in zip(sums[:half], sums[half:], strict=True)]
        query = select(*keys, *sums).group_by(*keys).having(or_(*differ)).order_by(*keys)
        found = {}
        for row in self.session.execute(query):
            numbers = tuple(int(number) for number in row[len(keys) :])
            found[CountKey(*row[: len(keys)])] = (numbers[:half], numbers[half:])
        return found

    def _rows(self, span: Span) -> Subquery:
        """Return every case of some days as its key and what is counted of it."""
        calendar = self.work.site.calendar
        since = calendar.day_bounds(span.first)[0] if span.first else None
        values = {
            "kind": Case.kind,
            "day": city_day(Case.created_at, calendar.timezone, since),
            "stage": Case.stage,
            "status": Case.status,
            "category_id": func.coalesce(Case.category_id, 0),
            "unit_id": func.coalesce(Case.unit_id, 0),
            **MEASURED,
        }
        query = select(*(value.label(name) for name, value in values.items()))
        return query.where(sent_between(calendar, span.first, span.last)).subquery()

    def _live(self, span: Span) -> Select[Any]:
        rows = self._rows(span)
        keys = [rows.c[name] for name in CountKey._fields]
        sums = [func.sum(rows.c[name]).label(f"live_{name}") for name in MEASURES]
        return select(*keys, *(literal(0).label(f"stored_{name}") for name in MEASURES), *sums).group_by(
            *keys
        )


def _days(span: Span) -> tuple[Any, ...]:
    return CaseCount.day >= span.first, CaseCount.day <= span.last


def _stored(span: Span) -> Select[Any]:
    keys = [getattr(CaseCount, name) for name in CountKey._fields]
    numbers = [getattr(CaseCount, name).label(f"stored_{name}") for name in MEASURES]
    zeros = (literal(0).label(f"live_{name}") for name in MEASURES)
    return select(*keys, *numbers, *zeros).where(*_days(span))
