"""The desk of the mayor's office."""

from collections.abc import Sequence
from datetime import date, timedelta

import colander
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther

from civicportal.api.cases import AccessService, kind_of
from civicportal.api.forms import BoundForm, NationalCode, Node
from civicportal.api.lists import ListAddress, search_list
from civicportal.api.localization import CityCalendar
from civicportal.api.organization import OrganizationService
from civicportal.api.people import IdentityFact
from civicportal.api.web import Request
from civicportal_meetings.days import titles
from civicportal_meetings.desk_schemas import DeskFilters, Week, day_in
from civicportal_meetings.exports import desk_choices
from civicportal_meetings.names import KIND, SESSIONS
from civicportal_meetings.services import PublicDayService
from civicportal_meetings.services.agenda import AgendaService, Visit
from civicportal_meetings.services.period import DiaryPeriod
from civicportal_meetings.services.search import Filters, MeetingSearch
from civicportal_meetings.week import DiaryEntry, table, week_of

DAYS = 7
HALF_HOUR = timedelta(minutes=30)
LIST = "requests"
"""Id of the list, which is below the week."""


def show(request: Request) -> dict[str, object]:
    """Show the week and the filtered requests."""
    day = BoundForm(request, Week()).read_filters(request.GET)["day"]
    return desk(request, day)


def desk(request: Request, day: date | None, *chosen: DiaryEntry, **panel: object) -> dict[str, object]:
    """Return the template variables of the desk.

    :param day: in the shown week; today if None.
    :param chosen: a time in a form, shown in the week.
    :param panel: content beside it, for a request being scheduled.
    """
    work = request.work
    form, filters = _filters(request)
    search = work.get(MeetingSearch)
    page = search.page(filters, cursor=request.GET.get("cursor"))
    work.get(AccessService).load_referrals(row[0] for row in page.rows)
    return {
        **week(request, day, *chosen),
        "form": form,
        "filtered": bool(form.narrowing),
        "page": page,
        "total": search.shown_total(request, filters, page),
        "filters": filters,
        "instead": search.instead_of(filters) if filters.words and not page.rows else "",
        "address": ListAddress(request, form, "meetings.desk", keep=("day",), anchor=LIST),
        "weeks": ListAddress(request, form, "meetings.desk", keep=("day",)),
        "agenda": work.get(AgendaService),
        "asking": work.get(AgendaService).asking(),
        "suits": lambda detail: titles(detail.suitable_days, detail.suitable_part),
        "kind": kind_of(request.site, KIND),
        "unit_name": work.get(OrganizationService).unit_name,
        "may_plan": request.identity.permits(SESSIONS),
        "panel": panel or None,
    }


def week(request: Request, day: date | None, *chosen: DiaryEntry) -> dict[str, object]:
    """Return the week of a date with its neighbours; see :func:`desk`."""
    work = request.work
    calendar = work.get(OrganizationService).calendar
    today = calendar.today(work.clock.now())
    first = week_of(day or today, calendar)
    days = work.get(AgendaService).days(first, DAYS, *chosen)
    hours = CityCalendar.parse_hours(request.site.plugin_settings[KIND]["hours"])
    return {
        "first": first,
        "last": days[-1].day,
        "today": today,
        "days": days,
        "rows": table(days, hours, HALF_HOUR, calendar),
        "written": lambda one: calendar.format_date(one, "short", "en"),
        "week_before": first - timedelta(days=DAYS),
        "week_after": first + timedelta(days=DAYS),
    }


def search(request: Request) -> HTTPSeeOther:
    """Answer the search box of the list.

    A national code finds its requests.
    """
    return search_list(
        request, "meetings.desk", anchor=LIST, people={"person": lambda text: _named(request, text)}
    )


def day(request: Request) -> dict[str, object]:
    """Show one day for printing: visitors, companions, subjects."""
    chosen = day_in(request.matchdict["day"])
    if chosen is None:
        raise HTTPNotFound
    work = request.work
    calendar = work.get(OrganizationService).calendar
    period = DiaryPeriod.of_days(calendar, chosen, chosen)
    return {
        "day": chosen,
        "visits": work.get(AgendaService).visits(period),
        "facts": lambda visit: _facts(request, visit),
        "sessions": {session.id: session for session in work.get(PublicDayService).within(period)},
        "before": chosen - timedelta(days=1),
        "after": chosen + timedelta(days=1),
        "working": calendar.is_working_day(chosen),
    }


# -- inside -------------------------------------------------------------------------------------------------


def _facts(request: Request, visit: Visit) -> Sequence[IdentityFact]:
    """Return masked identity data, for users with the right."""
    may = request.work.get(AccessService).can(visit.case, "identity")
    kind = kind_of(request.site, KIND)
    return kind.identity(visit.case, request.work) if may and kind.identity else ()


def _named(request: Request, text: str) -> str:
    """Return the code of a request by national code, empty if the actor may see none."""
    node = Node(NationalCode(), missing="").bind(country=request.site.country)
    try:
        national_code = str(node.deserialize(text))
    except colander.Invalid:
        return ""
    return (request.work.get(MeetingSearch).request_of(national_code) or "") if national_code else ""


def _filters(request: Request) -> tuple[BoundForm, Filters]:
    form = BoundForm(request, DeskFilters(), bindings=desk_choices(request.work), prefix="filter")
    return form, Filters.of(form.read_filters(request.GET))
