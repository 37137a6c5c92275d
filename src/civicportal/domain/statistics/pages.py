"""The statistics page of any kind of case.

A plugin defines what is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from translationstring import TranslationString

from civicportal.core.work import Work
from civicportal.domain.cases.narrowing import WEEKDAYS
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.categories import CategoryRow, category_rows
from civicportal.domain.statistics.changes import changed
from civicportal.domain.statistics.metrics import MetricsService
from civicportal.domain.statistics.named_periods import PERIODS, around
from civicportal.domain.statistics.periods import Span, weekdays
from civicportal.domain.statistics.reading import PATIENCE, both
from civicportal.domain.statistics.selection import ITSELF, CaseSelection, Subject
from civicportal.domain.statistics.statuses import status_rows
from civicportal.domain.statistics.trends import trend
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import ListAddress
from civicportal.web.request import Request
from civicportal.web.schema import Option

CITIZENS = _("Citizens")
PERIOD = "period"
HOURS = "hours"
"""URL value of the table of busiest hours."""

LONG = 200
"""Maximum days, including the compared ones, for which the live query fits the time limit of a page."""


@dataclass(frozen=True, kw_only=True)
class StatisticsPage:
    """Definition of a statistics page.

    :ivar form: of the list's filters and :class:`~civicportal.domain.statistics.schemas.PeriodFields`, read from the
        URL.
    :ivar route: of the page, and of the list.
    :ivar people: plural name of the senders of the cases.
    :ivar on_list: the list's default parameters.
    :ivar anchor: id of the list on a page that has other content above it.
    """

    form: BoundForm
    route: str
    list_route: str
    people: TranslationString = CITIZENS
    on_list: Mapping[str, str] = field(default_factory=dict)
    anchor: str = ""

    def variables(self, request: Request, subject: Subject) -> Values:
        """Return the variables of ``civicportal:templates/statistics/desk.jinja2``."""
        selection = subject.selection(request.work)
        if (both(selection.span).days or LONG) < LONG:
            return _shown(request, request.work, subject, selection, self)
        with request.site.work(
            actor=request.identity, write=False, patience=PATIENCE, locale=request.locale_name
        ) as work:
            return _shown(request, work, subject, selection, self)


class PageAddress(ListAddress):
    """URLs of the statistics page.

    Its period is separate from the filters, and stays when they are cleared.
    """

    def __init__(self, request: Request, page: StatisticsPage) -> None:
        super().__init__(request, page.form, page.route, keep=("by", "step"))
        self._filters = [field.name for field in page.form if field.name != PERIOD]

    def cleared(self, route: str = "") -> str:
        """Return the URL of a page without its filters."""
        return self(route, **dict.fromkeys(self._filters))


class StatisticsAddress:
    """URLs of lists behind numbers, and of the page."""

    def __init__(self, request: Request, page: StatisticsPage, values: Values, span: Span) -> None:
        self._list = ListAddress(request, page.form, page.list_route, keep=(), anchor=page.anchor)
        self.here = PageAddress(request, page)
        self._calendar = request.site.calendar
        self._fields = {field.name: field for field in page.form}
        self._usual = {name: value for name, value in page.on_list.items() if not values.get(name)}
        self._span = {PERIOD: None, **self.days(span.first, span.last)}

    def days(self, first: date | None, last: date | None) -> dict[str, str | None]:
        """Return two days as URL parameters."""
        written = [self._calendar.format_date(day, "short", "en") if day else None for day in (first, last)]
        return dict(zip(("first_day", "last_day"), written, strict=True))

    def only(self, name: str, value: str) -> dict[str, str]:
        """Return the filters for one value; empty for no value.

        It is None if the list offers no such choice.
        """
        field, asked = self._fields.get(name), value or Option.NONE
        return {name: asked} if field and field.offers(asked) else {}

    def only_category(self, row: CategoryRow) -> dict[str, str | None]:
        """Return the filters for a row of the categories.

        It is None if the list has no such filter.
        """
        only = self.only("category", row.category.key if row.category else "")
        if not row.itself:
            return {**only, ITSELF: None} if only else {}
        return {**only, ITSELF: "true"} if only and ITSELF in self._fields else {}

    def list(self, route: str = "", **changed: object) -> str:
        """Return the URL of the list with changed filters."""
        return self._list(route, **{**self._usual, **self._span, **changed})


def _shown(
    request: Request, work: Work, subject: Subject, selection: CaseSelection, page: StatisticsPage
) -> Values:
    service, values = work.get(MetricsService), subject.values
    by = request.GET.get("by", "")
    facet = next((one for one in subject.facets if one.name == by), subject.facets[0])
    shows_hours = by == HOURS
    figures = service.metrics(selection, None if shows_hours else facet)
    categories = work.get(OrganizationService).categories_of(subject.kind.name)
    calendar = request.site.calendar
    today = calendar.today(work.clock.now())
    period = None if values["first_day"] or values["last_day"] else values["period"]
    return {
        "form": page.form,
        "route": page.route,
        "kind": subject.kind,
        "people": page.people,
        "values": values,
        "span": selection.span,
        "figures": figures,
        "address": StatisticsAddress(request, page, values, selection.span),
        "changed": changed,
        "periods": PERIODS,
        "chosen_period": period,
        "around": around(period, calendar, today),
        "statuses": status_rows(subject.kind.workflow, figures.by_status),
        "categories": category_rows(categories, figures.by_category, values.get("category")),
        "trend": trend(
            service,
            selection,
            request.GET.get("step"),
            locale=request.locale_name,
            rtl=request.text_direction == "rtl",
        ),
        "facets": subject.facets,
        "facet": None if shows_hours else facet,
        "table": {} if shows_hours else service.table(selection, facet),
        "hours": service.by_hour(selection) if shows_hours else {},
        "weekdays": {day: dict(WEEKDAYS)[str(day)] for day in weekdays(calendar)},
    }
