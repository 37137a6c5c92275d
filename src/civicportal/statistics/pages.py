"""The page of figures of any kind of case: a plugin says what is counted, everything else is the same for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from civicportal.cases.narrowing import WEEKDAYS
from civicportal.forms import BoundForm
from civicportal.forms.filters import ListAddress
from civicportal.i18n import _
from civicportal.organization.services import OrganizationService
from civicportal.statistics.categories import category_rows
from civicportal.statistics.charts import line_chart
from civicportal.statistics.figures import FigureService
from civicportal.statistics.periods import (
    PERIODS,
    STEPS,
    Bucket,
    Span,
    buckets,
    month_of,
    step_of,
    title,
    weekdays,
)
from civicportal.statistics.reading import PATIENCE
from civicportal.statistics.selection import Selection, Subject
from civicportal.statistics.statuses import status_rows
from civicportal.work import Work

CITIZENS = _("Citizens")
HOURS = "hours"
"""The name by which the address asks for the busiest hours."""


LONGEST_TREND = 1100
"""Days; a longer one begins with the first case."""
LONG = 100
"""Days; of more there may be so many cases that a statement takes longer than one of a page may."""


@dataclass(frozen=True, kw_only=True)
class FiguresPage:
    """Where figures are shown.

    :ivar form: of the list's filters and :class:`~civicportal.statistics.schemas.PeriodFields`, read from the address.
    :ivar route: of the page, and of the list.
    :ivar people: what those who sent the cases are called.
    :ivar on_list: what the list's address says where nothing else is asked for.
    :ivar anchor: id of the list on its page, where other things stand above it.
    """

    form: BoundForm
    route: str
    list_route: str
    people: Any = CITIZENS
    on_list: Mapping[str, str] = field(default_factory=dict)
    anchor: str = ""


class FigureAddress:
    """Addresses of the list behind a number, and of the page itself with something changed."""

    def __init__(self, request: Any, page: FiguresPage, values: Mapping[str, Any], span: Span) -> None:
        self._list = ListAddress(request, page.form, page.list_route, keep=(), anchor=page.anchor)
        self.here = ListAddress(request, page.form, page.route, keep=("by", "step"))
        self._calendar = request.site.calendar
        self._usual = {name: value for name, value in page.on_list.items() if not values.get(name)}
        self._span = {"period": None, **self.days(span.first, span.last)}

    def days(self, first: date | None, last: date | None) -> dict[str, str | None]:
        """Return two days as they stand in an address."""
        written = [self._calendar.format_date(day, "short", "en") if day else None for day in (first, last)]
        return dict(zip(("first_day", "last_day"), written, strict=True))

    def list(self, route: str = "", **changed: Any) -> str:
        """Return the address of the list with the filters of the page, some of them changed."""
        return self._list(route, **{**self._usual, **self._span, **changed})


def figures_page(request: Any, subject: Subject, page: FiguresPage) -> dict[str, Any]:
    """Return what ``civicportal:templates/statistics/desk.jinja2`` shows."""
    selection = subject.selection(request.work)
    if (selection.span.days or LONG) < LONG:
        return _shown(request, request.work, subject, selection, page)
    with request.site.work(actor=request.identity, write=False, patience=PATIENCE) as work:
        return _shown(request, work, subject, selection, page)


def _shown(
    request: Any, work: Work, subject: Subject, selection: Selection, page: FiguresPage
) -> dict[str, Any]:
    service, values = work.get(FigureService), subject.values
    by = request.GET.get("by", "")
    facet = next((one for one in subject.facets if one.name == by), subject.facets[0])
    shows_hours = by == HOURS
    figures = service.figures(selection, None if shows_hours else facet)
    categories = work.get(OrganizationService).categories_of(subject.kind.name)
    return {
        "form": page.form,
        "route": page.route,
        "kind": subject.kind,
        "people": page.people,
        "values": values,
        "span": selection.span,
        "figures": figures,
        "address": FigureAddress(request, page, values, selection.span),
        "periods": PERIODS,
        "chosen_period": None if values["first_day"] or values["last_day"] else values["period"],
        "statuses": status_rows(subject.kind.workflow, figures.by_status),
        "categories": category_rows(categories, figures.by_category, values.get("category")),
        "trend": _trend(request, service, selection),
        "steps": STEPS,
        "facets": subject.facets,
        "facet": None if shows_hours else facet,
        "table": {} if shows_hours else service.table(selection, facet),
        "hours": service.by_hour(selection) if shows_hours else {},
        "weekdays": {day: dict(WEEKDAYS)[str(day)] for day in weekdays(request.site.calendar)},
    }


def _trend(request: Any, service: FigureService, selection: Selection) -> dict[str, Any]:
    calendar, days = request.site.calendar, service.days(selection)
    today = calendar.today(request.site.clock.now())
    first, last = days.first or today, days.last or today
    if selection.span.first and (last - first).days > LONGEST_TREND:
        first = max(first, service.days(replace(selection, span=replace(days, first=None))).first or last)
    step = step_of(request.GET.get("step"), (last - first).days + 1)
    if step == "month" and first != selection.span.first:
        first = max(month_of(first, calendar), selection.span.first or date.min)
    by_day = service.by_day(selection, step)
    rows = [(bucket, *_sum(by_day, bucket)) for bucket in buckets(first, last, step, calendar)]
    return {
        "step": step,
        "rows": rows,
        "titles": [title(bucket, step, calendar, request.locale_name) for bucket, _all, _done in rows],
        "chart": line_chart(
            [[row[1] for row in rows], [row[2] for row in rows]], rtl=request.text_direction == "rtl"
        )
        if rows
        else None,
    }


def _sum(by_day: Mapping[date, tuple[int, int]], bucket: Bucket) -> tuple[int, int]:
    days = [by_day[day] for day in bucket.days if day in by_day]
    return sum(registered for registered, _ in days), sum(reviewed for _, reviewed in days)
