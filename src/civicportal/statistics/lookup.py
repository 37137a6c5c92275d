"""Asking the counters: the length of a list that they know, and which of them hold which days."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select, union_all

from civicportal.access import sees_all
from civicportal.calendar import CityCalendar
from civicportal.statistics.models import CaseCount, CaseMonthCount
from civicportal.statistics.periods import Span, whole_months

if TYPE_CHECKING:
    from civicportal.work import Work

ALWAYS = Span()


def pieces(span: Span, calendar: CityCalendar) -> Iterator[tuple[Any, Span]]:
    """Yield the counters that hold the days of a span, each with its part of it: whole months, and what is left."""
    months, days = whole_months(span, calendar)
    if months:
        yield CaseMonthCount, months
    for piece in days:
        yield CaseCount, piece


def counted_in(model: Any, kind: str, span: Span) -> list[ColumnElement[bool]]:
    """Return the conditions on counters of a kind for some days."""
    # Counters stay when their cases have gone elsewhere.
    found = [model.kind == kind, model.n != 0]
    if span.first:
        found.append(model.day >= span.first)
    if span.last:
        found.append(model.day <= span.last)
    return found


class CounterService:
    """Says how many cases a list has, without reading one of them."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session
        self._by_state: dict[str, list[tuple[str, str, int]]] = {}

    def number(
        self,
        kind: str,
        *,
        stages: Collection[str] | None = None,
        statuses: Collection[str] | None = None,
        categories: Collection[int] | None = None,
        units: Collection[int] | None = None,
        span: Span = ALWAYS,
    ) -> int | None:
        """Return the number of cases that a list shows, narrowed by this and by nothing else; None narrows nothing.

        :param units: that hold the cases.
        :param span: the days on which they were registered.
        :returns: None when the actor does not see every case of the kind.
        """
        if not sees_all(self.work.actor, kind):
            return None
        if categories is None and units is None and span == ALWAYS:
            return sum(
                n
                for stage, status, n in self._states(kind)
                if (stages is None or stage in stages) and (statuses is None or status in statuses)
            )
        narrowed = {"stage": stages, "status": statuses, "category_id": categories, "unit_id": units}
        parts = [
            select(model.n).where(
                *counted_in(model, kind, days),
                *(getattr(model, name).in_(of) for name, of in narrowed.items() if of is not None),
            )
            for model, days in pieces(span, self.work.site.calendar)
        ]
        return self.session.scalar(select(func.sum(union_all(*parts).subquery().c.n))) or 0

    def _states(self, kind: str) -> list[tuple[str, str, int]]:
        """Return stages and statuses of a kind with their numbers: read once for all figures of a desk."""
        if kind not in self._by_state:
            model = CaseMonthCount
            query = select(model.stage, model.status, func.sum(model.n)).where(
                *counted_in(model, kind, ALWAYS)
            )
            rows = self.session.execute(query.group_by(model.stage, model.status))
            self._by_state[kind] = [(stage, status, int(n)) for stage, status, n in rows]
        return self._by_state[kind]
