"""Queries of the counters."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from civicportal.core.work import Service
from civicportal.domain.cases.access.indexed import in_own_counters
from civicportal.domain.cases.access.rights import sees_all
from civicportal.domain.cases.conditions import sent_between
from civicportal.domain.cases.counter_models import CaseCount, CaseMonthCount, CaseTotal, CounterColumns
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import has_one_of
from civicportal.domain.cases.scope import CaseScope
from civicportal.domain.cases.workflow import OPEN_STAGES
from civicportal.domain.statistics.periods import Span, whole_months
from civicportal.util.calendar import CityCalendar
from civicportal.util.lists import MOST_COUNTED, Total, capped_total, count_rows, more_than

if TYPE_CHECKING:
    from civicportal.core.work import Work

ALWAYS = Span()
Narrowed = Mapping[str, Collection[Any] | None]
"""Columns that cases and counters share, and their filter values; None for all."""
States = list[tuple[str, str, int]]
"""Stage, status and number of cases."""
_IDS = frozenset({"category_id", "unit_id"})
"""Columns that may be empty in cases: 0 stands for that."""


def counter_spans(
    span: Span, calendar: CityCalendar, *, dated: bool = False
) -> Iterator[tuple[type[CounterColumns], Span]]:
    """Yield the counters that cover a period with its parts.

    :param dated: only counters with a day or month; else the totals may answer an open period.
    """
    if span == ALWAYS and not dated:
        yield CaseTotal, span
        return
    months, days = whole_months(span, calendar)
    if months:
        yield CaseMonthCount, months
    for piece in days:
        yield CaseCount, piece


def counted_in(model: Any, kind: str, span: Span) -> list[ColumnElement[bool]]:
    """Return the conditions on counters of a kind for a period."""
    # Counters remain after their cases have changed.
    found = [model.kind == kind, model.n != 0]
    if span.first:
        found.append(model.day >= span.first)
    if span.last:
        found.append(model.day <= span.last)
    return found


class CounterService(Service):
    """Count the cases of lists.

    Cases of the actor's own units are not read.
    """

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self._by_state: dict[str, States] = work.memo()
        self._elsewhere: dict[str, States] = work.memo()
        self._is_together = False

    def read_together(self) -> None:
        """Read the numbers of all kinds with the first one that is asked for, as for a page that shows all services."""
        self._is_together = True

    def total(
        self,
        kind: str,
        *,
        stages: Collection[str] | None = None,
        statuses: Collection[str] | None = None,
        categories: Collection[int] | None = None,
        units: Collection[int] | None = None,
        span: Span = ALWAYS,
    ) -> Total:
        """Return the number of visible cases of some filters.

        None is no filter. If an officer's own units have many cases, those in other units are not counted: the result
        says "more than".

        :param stages: names of stages.
        :param statuses: names of statuses.
        :param categories: ids of categories, 0 for the cases without one.
        :param units: ids of the units that hold the cases, 0 for the cases without one.
        :param span: the days of registration.
        """
        narrowed = {"stage": stages, "status": statuses, "category_id": categories, "unit_id": units}
        by_state = categories is None and units is None and span == ALWAYS
        own = (
            _of_states(self._states(kind), stages, statuses) if by_state else self._own(kind, narrowed, span)
        )
        if sees_all(self.work.actor, kind):
            return Total(own)
        if own > MOST_COUNTED:
            return more_than(own)
        elsewhere = self._states_elsewhere(kind) if by_state else None
        if elsewhere is not None:
            return capped_total(own + _of_states(elsewhere, stages, statuses), MOST_COUNTED)
        others = self._in_other_units(kind, narrowed, span, MOST_COUNTED - own)
        return capped_total(own + others.number + (not others.exact), MOST_COUNTED)

    def open_by_unit(self) -> dict[int, int]:
        """Return the number of open cases by unit id."""
        return self._open_by(CaseTotal.unit_id)

    def open_by_category(self, kind: str) -> dict[int, int]:
        """Return the number of open cases by category id."""
        return self._open_by(CaseTotal.category_id, CaseTotal.kind == kind)

    def _open_by(
        self, column: InstrumentedAttribute[int], *conditions: ColumnElement[bool]
    ) -> dict[int, int]:
        query = (
            select(column, func.sum(CaseTotal.n))
            .where(CaseTotal.stage.in_(OPEN_STAGES), CaseTotal.n != 0, *conditions)
            .group_by(column)
        )
        return {id_: int(n) for id_, n in self.session.execute(query) if id_ and n}

    def _own(self, kind: str, narrowed: Narrowed, span: Span) -> int:
        parts = [
            select(model.n).where(*self._seen(model, kind, days), *_among(model, narrowed))
            for model, days in counter_spans(span, self.work.site.calendar)
        ]
        return self.session.scalar(select(func.sum(union_all(*parts).subquery().c.n))) or 0

    def _in_other_units(self, kind: str, narrowed: Narrowed, span: Span, most: int) -> Total:
        in_other_units = self.work.get(CaseScope).in_other_units(kind, span.first)
        if in_other_units is None:
            return Total(0)
        of_days = sent_between(self.work.site.calendar, span.first, span.last)
        query = select(Case.id).where(Case.kind == kind, of_days, in_other_units, *_among(Case, narrowed))
        return count_rows(self.session, query, most)

    def _states(self, kind: str) -> States:
        """Return stages and statuses of a kind with numbers, read once for all figures of a page."""
        if kind not in self._by_state:
            self._read_states(self._read_with(kind))
        return self._by_state[kind]

    def _read_with(self, kind: str) -> list[str]:
        """Return the kinds to read with one that is asked for."""
        return [kind, *(kinds_of(self.work.site).keys() - {kind})] if self._is_together else [kind]

    def _read_states(self, kinds: Collection[str]) -> None:
        model = CaseTotal
        seen = or_(*(and_(*self._seen(model, kind, ALWAYS)) for kind in kinds))
        query = select(model.kind, model.stage, model.status, func.sum(model.n)).where(seen)
        self._by_state.update({kind: [] for kind in kinds})
        for kind, stage, status, n in self.session.execute(
            query.group_by(model.kind, model.stage, model.status)
        ):
            self._by_state[kind].append((stage, status, int(n)))

    def _states_elsewhere(self, kind: str) -> States | None:
        """Return stages and statuses of the cases in other units, as :meth:`_states` does; None for too many."""
        if kind not in self._elsewhere:
            self._read_elsewhere(self._read_with(kind))
        found = self._elsewhere[kind]
        return found if sum(n for *_state, n in found) <= MOST_COUNTED else None

    def _read_elsewhere(self, kinds: Collection[str]) -> None:
        scope = self.work.get(CaseScope)
        scope.read_other_units(kinds)
        self._elsewhere.update({kind: [] for kind in kinds})
        parts = [
            select(Case.kind, Case.stage, Case.status)
            .where(Case.kind == kind, condition)
            .limit(MOST_COUNTED + 1)
            .subquery()
            for kind in kinds
            if (condition := scope.in_other_units(kind)) is not None
        ]
        if parts:
            cases = union_all(*(select(part) for part in parts)).subquery()
            query = select(cases, func.count()).group_by(*cases.c)
            for kind, stage, status, n in self.session.execute(query):
                self._elsewhere[kind].append((stage, status, n))

    def _seen(self, model: type[CounterColumns], kind: str, span: Span) -> list[ColumnElement[bool]]:
        """Return the conditions on counters for the actor's scope."""
        found = counted_in(model, kind, span)
        if not sees_all(self.work.actor, kind):
            found.append(in_own_counters(self.work.actor, kind, model))
        return found


def _of_states(rows: States, stages: Collection[str] | None, statuses: Collection[str] | None) -> int:
    """Return the sum of the rows of some stages and statuses; None stands for all."""
    return sum(
        n
        for stage, status, n in rows
        if (stages is None or stage in stages) and (statuses is None or status in statuses)
    )


def _among(table: Any, narrowed: Narrowed) -> list[ColumnElement[bool]]:
    return [
        has_one_of(getattr(table, name), of) if name in _IDS else getattr(table, name).in_(of)
        for name, of in narrowed.items()
        if of is not None
    ]
