"""Meetings on staff pages."""

from collections.abc import Iterator

from civicportal.api.cases import Case, CaseService, kind_of
from civicportal.api.database import Work
from civicportal.api.organization import OrganizationService
from civicportal.api.web import DashboardWidget, NavigationItem, Panel, Request
from civicportal_meetings.days import titles
from civicportal_meetings.i18n import _
from civicportal_meetings.names import KIND, ORDERS, VIEW
from civicportal_meetings.services import AppointmentService, MeetingService, OrderService
from civicportal_meetings.services.agenda import AgendaService
from civicportal_meetings.services.search import Filters, MeetingSearch

TEMPLATES = "civicportal_meetings:templates/meetings/widgets"
NAVIGATION = NavigationItem(
    name="meetings.desk",
    title=_("Meetings of the mayor"),
    route="meetings.desk",
    icon="calendar-event",
    area="staff",
    weight=80,
    kind=KIND,
    permission=VIEW,
)
FIGURES = NavigationItem(
    name="meetings.statistics",
    title=_("Figures of the meetings"),
    route="meetings.statistics",
    icon="chart-bar",
    area="staff",
    weight=12,
    permission=VIEW,
)


def widget(request: Request) -> Iterator[DashboardWidget]:
    """Return today's meetings, for users with the right."""
    if not (request.identity.is_staff and request.identity.permits(VIEW)):
        return
    yield DashboardWidget(
        name="meetings.today",
        area="desk",
        template=f"{TEMPLATES}/today.jinja2",
        weight=60,
        context=lambda: _today(request.display_work),
    )


def _today(work: Work) -> dict[str, object]:
    calendar = work.get(OrganizationService).calendar
    agenda = work.get(AgendaService)
    [day] = agenda.days(calendar.today(work.clock.now()), 1)
    return {
        "day": day,
        "waiting": work.get(MeetingSearch).total(Filters()),
        "asking": agenda.asking_number(),
    }


def panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return the panels of a request or an order."""
    if not request.identity.is_staff:
        return
    if case.kind == KIND:
        yield _request(case, request)
        yield from _orders(case, request)
    elif case.kind == ORDERS:
        yield _order(case, request)


def _request(case: Case, request: Request) -> Panel:
    work = request.display_work
    service = work.get(AppointmentService)
    detail = work.get(MeetingService).request(case)
    assert detail is not None
    steps = {step.transition.name for step in work.get(CaseService).steps(case)}
    return Panel(
        name="meetings.request",
        area="facts",
        template=f"{TEMPLATES}/request.jinja2",
        weight=60,
        context={
            "case": case,
            "detail": detail,
            "name": work.get(AgendaService).name(case, detail),
            "suits": titles(detail.suitable_days, detail.suitable_part),
            "current": service.current(case),
            "past": [one for one in service.history(case) if one.ended_at],
            "endings": ENDINGS,
            "may_set": bool(steps & {"schedule", "reschedule"}),
        },
    )


def _orders(case: Case, request: Request) -> Iterator[Panel]:
    work = request.display_work
    service = work.get(OrderService)
    orders = service.of(case)
    may_give = case.status == "held" and service.may_give(case)
    if not orders and not may_give:
        return
    yield Panel(
        name="meetings.orders",
        area="aside",
        template=f"{TEMPLATES}/orders.jinja2",
        weight=60,
        context={
            "case": case,
            "orders": orders,
            "told": service.is_told,
            "workflow": kind_of(request.site, ORDERS).workflow,
            "unit_name": work.get(OrganizationService).unit_name,
            "may_give": may_give,
            "may_share": work.get(CaseService).may_comment(case),
        },
    )


def _order(case: Case, request: Request) -> Panel:
    return Panel(
        name="meetings.order",
        area="facts",
        template=f"{TEMPLATES}/order.jinja2",
        weight=60,
        context={"told": request.display_work.get(OrderService).is_told(case)},
    )


#: Result of an appointment, by the transition that ended it.
ENDINGS = {
    "reschedule": _("moved"),
    "invite": _("moved to a public meeting day"),
    "recall": _("taken back by the office"),
    "cancel": _("cancelled by the office"),
    "withdraw": _("withdrawn by the citizen"),
    "decline_invitation": _("declined by the citizen"),
    "hold": _("held"),
    "miss": _("the citizen did not come"),
    "undo": _("undone"),
}
