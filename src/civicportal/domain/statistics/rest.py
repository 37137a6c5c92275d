"""Statistics in the API: the figures of the statistics page of a kind, over the cases that the caller may see."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, TypedDict

from sqlalchemy import select

from civicportal.core.security import PagePermission
from civicportal.domain.cases.conditions import sent_between
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import category_ids, has_one_of, unit_ids
from civicportal.domain.cases.scope import CaseScope
from civicportal.domain.organization.rest import wanted_unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.metrics import MetricsService
from civicportal.domain.statistics.named_periods import span_of
from civicportal.domain.statistics.periods import Span
from civicportal.domain.statistics.reading import PATIENCE
from civicportal.domain.statistics.selection import CaseSelection, Facet
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.util.queries import Rows, Selected
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import Choice, CityDate, CleanText, Node, StrictSchema

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.statistics.numbers import Numbers

STEPS = ("day", "month")


class StatisticsQuery(StrictSchema):
    """The filters of statistics."""

    first_day = Node(CityDate(), title=_("Registered from"), missing=None)
    last_day = Node(CityDate(), title=_("Registered until"), missing=None)
    category = Node(CleanText(1, 40), title=_("Key of the category, or of one above it"), missing=None)
    unit = Node(CleanText(1, 40), title=_("Key of the unit, or of one above it"), missing=None)
    step = Node(
        Choice([*STEPS]), title=_("Length of the steps of the trend, of the city's calendar"), missing="month"
    )


class FiguresItem(TypedDict):
    """The figures of a group of cases, as ``docs/metrics.md`` defines them."""

    registered: int
    in_progress: int
    overdue: int
    reviewed: Annotated[int, _("Closed with action")]
    rejected: Annotated[int, _("Closed without action")]
    on_time: Annotated[int, _("Closed on time")]
    late: Annotated[int, _("Closed late, or overdue")]
    on_time_percent: float | None
    median_hours: Annotated[float | None, _("Median handling time in office hours")]
    reopened: int
    rated: int
    satisfied: Annotated[int, _("Rated, mostly satisfied")]
    referrals: Annotated[int, _("Referrals and returns")]


class CategoryFigure(TypedDict):
    """The cases of a category itself, without those below it."""

    category: Annotated[str | None, _("Its key; null for cases without one")]
    registered: int


class UnitFigures(TypedDict):
    """The figures of a unit and those below it."""

    unit: Annotated[str | None, _("Its key; null for cases without one")]
    figures: FiguresItem


class StepFigures(TypedDict):
    """A step of the trend."""

    first_day: date
    registered: int
    reviewed: Annotated[int, _("Closed with action, of those registered in this step")]


class StatisticsItem(TypedDict):
    """Statistics of a kind of case: of the cases registered in the period, as they are now."""

    kind: str
    first_day: date | None
    last_day: date | None
    figures: FiguresItem
    citizens: Annotated[int | None, _("Different senders")]
    statuses: Annotated[dict[str, int], _("Number of cases by status")]
    categories: list[CategoryFigure]
    units: list[UnitFigures]
    trend: list[StepFigures]


def statistics(call: Call) -> StatisticsItem:
    """Return the statistics of a kind.

    :raises NotFound: for an unknown kind, or one whose cases the caller may not see.
    """
    kind, query, work = call.matched["kind"], call.query, call.work
    if kind not in kinds_of(work.site) or not work.actor.permits(f"{kind}:case:view"):
        raise NotFound("no such kind, or no right to see its cases")
    first, last = query["first_day"], query["last_day"]
    if first and last and last < first:
        raise call.wrong_parameter("last_day", _("This day is before the first one."))
    organization = work.get(OrganizationService)
    if query["category"] is not None and organization.category(kind, query["category"]) is None:
        raise call.wrong_parameter("category", _("There is no such category."))
    wanted_unit(call)
    # All cases of a large city take longer than other calls may.
    with work.site.work(
        actor=work.actor, write=False, patience=PATIENCE, locale=call.request.locale_name
    ) as patient:
        return _item(patient, kind, query)


def _item(work: "Work", kind: str, query: Values) -> StatisticsItem:
    service, chosen, organization = (
        work.get(MetricsService),
        _selection(work, kind, query),
        work.get(OrganizationService),
    )
    by_unit = Facet.of_units(organization)
    metrics = service.metrics(chosen, by_unit)
    units = service.table(chosen, by_unit)
    trend = service.by_day(chosen, "day" if query["step"] == "day" else "month")
    keys = {row.id: row.key for row in organization.categories.by_id.values()}
    categories = sorted(metrics.by_category.items(), key=lambda item: (-item[1], item[0]))
    return {
        "kind": kind,
        "first_day": chosen.span.first,
        "last_day": chosen.span.last,
        "figures": _figures(metrics.now),
        "citizens": metrics.now.citizens,
        "statuses": {name: number for name, number in sorted(metrics.by_status.items()) if number},
        "categories": [
            {"category": keys.get(one), "registered": number} for one, number in categories if number
        ],
        "units": [{"unit": key or None, "figures": _figures(numbers)} for key, numbers in units.items()],
        "trend": [
            {"first_day": day, "registered": registered, "reviewed": reviewed}
            for day, (registered, reviewed) in sorted(trend.items())
        ],
    }


def _selection(work: "Work", kind: str, query: Values) -> CaseSelection:
    calendar, first, last = work.site.calendar, query["first_day"], query["last_day"]
    category, unit = query["category"], query["unit"]
    categories = category_ids(work, kind, category) if category is not None else None
    units = unit_ids(work, unit) if unit is not None else None

    def cases(span: Span, *columns: Selected) -> Rows:
        found = select(*columns).where(
            Case.kind == kind,
            sent_between(calendar, span.first, span.last),
            work.get(CaseScope).seen(kind, span.first),
        )
        if categories is not None:
            found = found.where(has_one_of(Case.category_id, categories))
        return found if units is None else found.where(has_one_of(Case.unit_id, units))

    return CaseSelection(
        kind=kinds_of(work.site)[kind],
        query=cases,
        span=span_of("all", first, last, calendar, calendar.today(work.clock.now())),
        categories=categories,
        units=units,
    )


def _figures(numbers: "Numbers") -> FiguresItem:
    return {
        "registered": numbers.registered,
        "in_progress": numbers.in_progress,
        "overdue": numbers.overdue,
        "reviewed": numbers.reviewed,
        "rejected": numbers.rejected,
        "on_time": numbers.on_time,
        "late": numbers.late,
        "on_time_percent": numbers.on_time_share,
        "median_hours": numbers.median_hours,
        "reopened": numbers.reopened,
        "rated": numbers.rated,
        "satisfied": numbers.satisfied,
        "referrals": numbers.hops,
    }


OPERATIONS = (
    Operation(
        name="statistics.show",
        path="/statistics/{kind:[a-z][a-z0-9_]{0,39}}",
        title=_("Show the statistics of a kind of case"),
        call=statistics,
        returns=StatisticsItem,
        permission=PagePermission.STAFF,
        scope="statistics:read",
        query=StatisticsQuery,
    ),
)
