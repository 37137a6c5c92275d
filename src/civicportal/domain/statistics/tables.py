"""The figures of a page as tables for a file."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.domain.cases.narrowing import WEEKDAYS
from civicportal.domain.exports.types import StatisticsTable
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.categories import category_rows
from civicportal.domain.statistics.metrics import CaseMetrics, MetricsService
from civicportal.domain.statistics.numbers import Numbers
from civicportal.domain.statistics.periods import Span, weekdays
from civicportal.domain.statistics.selection import CaseSelection, Facet, Subject
from civicportal.domain.statistics.statuses import status_rows
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

#: Title and function of each figure; hours are working hours, shares are percent.
MEASURES: tuple[tuple[TranslationString, Callable[[Numbers], float | None]], ...] = (
    (_("Registered"), lambda numbers: numbers.registered),
    (_("In progress"), lambda numbers: numbers.in_progress),
    (_("Overdue"), lambda numbers: numbers.overdue),
    (_("Reviewed"), lambda numbers: numbers.reviewed),
    (_("Closed without action"), lambda numbers: numbers.rejected),
    (_("Closed on time"), lambda numbers: numbers.on_time),
    (_("Late"), lambda numbers: numbers.late),
    (_("Median handling time (working hours)"), lambda numbers: numbers.median_hours),
    (_("On time (percent)"), lambda numbers: _rounded(numbers.on_time_share)),
    (_("Rated"), lambda numbers: numbers.rated),
    (_("Satisfied (percent)"), lambda numbers: _rounded(numbers.satisfied_share)),
    (_("Opened again"), lambda numbers: numbers.reopened),
    (_("Opened again (percent)"), lambda numbers: _rounded(numbers.reopen_share)),
    (_("Times passed on"), lambda numbers: numbers.hops),
    (_("Passed on, on average"), lambda numbers: _rounded(numbers.mean_hops, 2)),
)
CITIZENS = _("Citizens")
THIS, BEFORE = _("This period"), _("The period before")


def statistics_tables(
    work: "Work", subject: Subject, *, people: TranslationString = CITIZENS
) -> Sequence[StatisticsTable]:
    """Return all tables of a statistics page.

    :param people: plural name of the senders of the cases.
    """
    selection = subject.selection(work)
    figures = work.get(MetricsService).metrics(selection)
    return (
        _days(work, selection),
        _key_metrics(figures, people),
        _by_status(subject, figures),
        *_by_category(work, subject, figures),
        *(_by_facet(work, selection, facet) for facet in subject.facets),
        _by_day(work, selection),
        _by_hour(work, selection),
    )


def _days(work: "Work", selection: CaseSelection) -> StatisticsTable:
    """Return the counted and the compared days.

    An open end is the first or the last case.
    """
    calendar, before = work.site.calendar, selection.span.before
    spans = {THIS: work.get(MetricsService).days(selection), BEFORE: before or Span()}
    rows = [
        (name, *(day and calendar.format_date(day, "short", "en") for day in (span.first, span.last)))
        for name, span in spans.items()
    ]
    head = (_("Days"), _("First day"), _("Last day"))
    return StatisticsTable(title=_("Days"), head=head, rows=rows, about=True)


def _key_metrics(figures: CaseMetrics, people: TranslationString) -> StatisticsTable:
    both = (figures.now, figures.before)
    rows = [
        (name, *(None if numbers is None else value(numbers) for numbers in both)) for name, value in MEASURES
    ]
    rows.append((people, *(None if numbers is None else numbers.citizens or 0 for numbers in both)))
    head = (_("Figure"), THIS, BEFORE)
    return StatisticsTable(title=_("Key figures"), head=head, rows=rows)


def _by_status(subject: Subject, figures: CaseMetrics) -> StatisticsTable:
    found = status_rows(subject.kind.workflow, figures.by_status)
    rows = [(row.state.title, row.number) for row in found]
    return StatisticsTable(title=_("By status"), head=(_("Status"), _("Number")), rows=rows)


def _by_category(work: "Work", subject: Subject, figures: CaseMetrics) -> Iterator[StatisticsTable]:
    tree = work.get(OrganizationService).categories_of(subject.kind.name)
    found = category_rows(tree, figures.by_category, subject.values.get("category")).rows
    rows = [(row.category.name if row.category else _("No category"), row.number) for row in found]
    if tree.by_id:
        yield StatisticsTable(title=_("By category"), head=(_("Category"), _("Number")), rows=rows)


def _by_facet(work: "Work", selection: CaseSelection, facet: Facet) -> StatisticsTable:
    found = work.get(MetricsService).table(selection, facet)
    rows = [(_name(facet, key), *_values(numbers)) for key, numbers in found.items()]
    head = (facet.head, *(name for name, _value in MEASURES))
    return StatisticsTable(title=facet.title, head=head, rows=rows)


def _by_day(work: "Work", selection: CaseSelection) -> StatisticsTable:
    calendar = work.site.calendar
    days = sorted(work.get(MetricsService).by_day(selection).items())
    rows = [(calendar.format_date(day, "short", "en"), *numbers) for day, numbers in days]
    head = (_("Day"), _("Registered"), _("Of them reviewed by now"))
    return StatisticsTable(title=_("By day"), head=head, rows=rows)


def _by_hour(work: "Work", selection: CaseSelection) -> StatisticsTable:
    hours, names = work.get(MetricsService).by_hour(selection), dict(WEEKDAYS)
    rows = [
        (names[str(day)], *(hours.get((day, hour), 0) for hour in range(24)))
        for day in weekdays(work.site.calendar)
    ]
    head = (_("Weekday"), *(str(hour) for hour in range(24)))
    return StatisticsTable(title=_("Busiest hours"), head=head, rows=rows)


def _name(facet: Facet, key: str) -> TranslationString | str:
    return facet.titles.get(key, key) if key else _("Not said")


def _values(numbers: Numbers) -> tuple[float | None, ...]:
    return tuple(value(numbers) for _name, value in MEASURES)


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
