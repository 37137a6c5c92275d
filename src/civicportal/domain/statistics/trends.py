"""The trend of registrations, as chart and table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from translationstring import TranslationString

from civicportal.domain.statistics.charts import Chart, line_chart
from civicportal.domain.statistics.metrics import MetricsService
from civicportal.domain.statistics.periods import MOST_STEPS, STEPS, Bucket, Step, buckets, step_of, title
from civicportal.domain.statistics.selection import CaseSelection
from civicportal.util.calendar.months import month_of

LONGEST = 1100
"""Maximum days; a longer period begins with the first case."""


@dataclass(frozen=True, kw_only=True)
class StepChoice:
    """A step that a page offers.

    :ivar most: maximum days of the period.
    :ivar possible: within that maximum.
    """

    name: Step
    title: TranslationString
    most: int
    possible: bool


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Registrations, and how many of them are reviewed by now.

    :ivar rows: the days and both numbers of each step.
    :ivar titles: names of the steps.
    :ivar unfinished: the last step includes today, so its number still grows.
    :ivar chart: None if there is no step.
    """

    step: Step
    choices: Sequence[StepChoice]
    rows: Sequence[tuple[Bucket, int, int]]
    titles: Sequence[str]
    unfinished: bool
    chart: Chart | None


def trend(
    service: MetricsService, selection: CaseSelection, wish: str | None, *, locale: str, rtl: bool
) -> Trend:
    """Return the trend of a selection.

    :param wish: the requested step.
    :param locale: of the names of the steps.
    :param rtl: time runs from right to left.
    """
    calendar, days = service.work.site.calendar, service.days(selection)
    today = calendar.today(service.work.clock.now())
    first, last = days.first or today, days.last or today
    if selection.span.first and (last - first).days > LONGEST:
        first = max(first, service.days(replace(selection, span=replace(days, first=None))).first or last)
    length = (last - first).days + 1
    step = step_of(wish, length)
    if step == "month" and first != selection.span.first:
        first = max(month_of(first, calendar), selection.span.first or date.min)
    by_day = service.by_day(selection, step)
    rows = [(bucket, *_sum(by_day, bucket)) for bucket in buckets(first, last, step, calendar)]
    lines = [[row[1] for row in rows], [row[2] for row in rows]]
    return Trend(
        step=step,
        choices=[
            StepChoice(name=name, title=words, most=MOST_STEPS[name], possible=length <= MOST_STEPS[name])
            for name, words in STEPS.items()
        ],
        rows=rows,
        titles=[title(bucket, step, calendar, locale) for bucket, _all, _done in rows],
        unfinished=bool(rows) and rows[-1][0].last >= today,
        chart=line_chart(lines, rtl=rtl) if rows else None,
    )


def _sum(by_day: Mapping[date, tuple[int, int]], bucket: Bucket) -> tuple[int, int]:
    days = [by_day[day] for day in bucket.days if day in by_day]
    return sum(registered for registered, _ in days), sum(reviewed for _, reviewed in days)
