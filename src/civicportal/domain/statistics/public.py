"""Public statistics: twelve whole months of every service, with small numbers hidden.

There is one fixed period and no filter, so that no two pages of one day can be subtracted. The period moves on each
month, so months that are small numbers enter and leave it together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select

from civicportal.core.work import Service
from civicportal.domain.cases.conditions import overdue as is_overdue
from civicportal.domain.cases.conditions import sent_between
from civicportal.domain.cases.counter_models import CaseMonthCount
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.workflow import STAGES, CaseKind
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.hiding import FEWEST, hide_small, merge_small_runs, share
from civicportal.domain.statistics.periods import Bucket, Span, buckets


@dataclass(frozen=True, kw_only=True)
class PublicMetrics:
    """Public figures of a service; None is a small number.

    :ivar span: the period.
    :ivar by_stage: by stage, in their order.
    :ivar by_category: name and number of the root categories, largest first; empty for a service without any.
    :ivar by_month: registered in each month, or in combined months.
    :ivar on_time: closed on time ÷ (closed + open and overdue), in percent.
    :ivar satisfied: of the rated, in percent.
    """

    kind: CaseKind
    span: Span
    registered: int
    by_stage: list[tuple[str, int | None]]
    by_category: list[tuple[str, int | None]]
    by_month: list[tuple[Bucket, int]]
    on_time: int | None
    satisfied: int | None


class PublicMetricsService(Service):
    """Read the monthly counters, and overdue cases."""

    def services(self) -> list[PublicMetrics]:
        """Return the public figures of each service."""
        kinds = [kind for kind in kinds_of(self.work.site).values() if kind.register_route]
        year = self._year()
        months = self._months(year)
        told = [(kind, self._told(months.get(kind.name, {}), year)) for kind in kinds]
        found = [self._service(kind, by_month) for kind, by_month in told if by_month]
        return [one for one in found if one.registered >= FEWEST]

    def _year(self) -> Span:
        """Return the last twelve whole months of the city's calendar."""
        calendar = self.work.site.calendar
        year, month, _day = calendar.year_month_day(calendar.today(self.work.clock.now()))
        return Span(
            first=calendar.day(year - 1, month, 1), last=calendar.day(year, month, 1) - timedelta(days=1)
        )

    def _told(self, months: Mapping[date, int], year: Span) -> list[tuple[Bucket, int]]:
        """Return the published months, small ones combined from the first month on, the same in every year."""
        first, last = year.first or date.min, year.last or date.min
        steps = buckets(min([first, *months]), last, "month", self.work.site.calendar)
        numbers = [months.get(step.first, 0) for step in steps]
        return [
            (Bucket(first=steps[begin].first, last=steps[end].last), sum(numbers[begin : end + 1]))
            for begin, end in merge_small_runs(numbers)
            if steps[end].last >= first
        ]

    def _service(self, kind: CaseKind, by_month: list[tuple[Bucket, int]]) -> PublicMetrics:
        span = Span(first=by_month[0][0].first, last=by_month[-1][0].last)
        columns = (
            CaseMonthCount.n,
            CaseMonthCount.on_time,
            CaseMonthCount.late,
            CaseMonthCount.rated,
            CaseMonthCount.satisfied,
        )
        query = (
            select(CaseMonthCount.stage, CaseMonthCount.category_id, *map(func.sum, columns))
            .where(CaseMonthCount.kind == kind.name, *_days(span))
            .group_by(CaseMonthCount.stage, CaseMonthCount.category_id)
        )
        stages, categories = dict.fromkeys(STAGES, 0), dict[str, int]()
        totals = [0, 0, 0, 0]
        for stage, category_id, number, *others in self.session.execute(query):
            stages[stage] += number
            name = self._root(category_id)
            categories[name] = categories.get(name, 0) + number
            totals = [old + new for old, new in zip(totals, others, strict=True)]
        on_time, late, rated, satisfied = totals
        return PublicMetrics(
            kind=kind,
            span=span,
            registered=sum(stages.values()),
            by_stage=list(zip(stages, hide_small(list(stages.values())), strict=True)),
            by_category=_largest_first(categories) if set(categories) != {""} else [],
            by_month=by_month,
            on_time=share(on_time, on_time + late + self._overdue(kind, span)),
            satisfied=share(satisfied, rated),
        )

    def _overdue(self, kind: CaseKind, span: Span) -> int:
        of_days = sent_between(self.work.site.calendar, span.first, span.last)
        late = is_overdue(self.work.clock.now())
        query = select(func.count()).select_from(Case).where(Case.kind == kind.name, of_days, late)
        return self.session.scalar(query) or 0

    def _months(self, year: Span) -> dict[str, dict[date, int]]:
        """Return the registered cases by kind and month.

        Until the end of the period; the month by its first day.
        """
        query = (
            select(CaseMonthCount.kind, CaseMonthCount.day, func.sum(CaseMonthCount.n))
            .where(CaseMonthCount.n != 0, CaseMonthCount.day <= year.last)
            .group_by(CaseMonthCount.kind, CaseMonthCount.day)
        )
        found: dict[str, dict[date, int]] = {}
        for kind, month, number in self.session.execute(query):
            found.setdefault(kind, {})[month] = int(number)
        return found

    def _root(self, category_id: int) -> str:
        tree = self.work.get(OrganizationService).categories
        return tree.root_of(category_id).name if category_id in tree.by_id else ""


def _largest_first(numbers: dict[str, int]) -> list[tuple[str, int | None]]:
    rows = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    shown = zip(rows, hide_small([number for _name, number in rows]), strict=True)
    return [(name, number) for (name, _number), number in shown]


def _days(span: Span) -> tuple[ColumnElement[bool], ...]:
    return CaseMonthCount.day >= span.first, CaseMonthCount.day <= span.last
