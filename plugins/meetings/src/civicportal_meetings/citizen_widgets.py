"""Meetings on citizens' pages of the core."""

from collections.abc import Iterator

from civicportal.api.cases import Case
from civicportal.api.web import DashboardWidget, NavigationItem, Panel, Request
from civicportal_meetings.days import titles
from civicportal_meetings.i18n import _
from civicportal_meetings.models import Appointment
from civicportal_meetings.names import KIND
from civicportal_meetings.prefill import usual_place
from civicportal_meetings.services import AppointmentService, MeetingService

TEMPLATES = "civicportal_meetings:templates/meetings/widgets"
NAVIGATION = NavigationItem(
    name="meetings.new",
    title=_("Meeting with the mayor"),
    route="meetings.new",
    icon="calendar-event",
    weight=80,
)


def card(request: Request) -> DashboardWidget:
    """Return the service card of the home page."""
    return DashboardWidget.card(
        name="meetings",
        title=_("Meeting with the mayor"),
        text=_("Ask for a time; day and hour come by SMS"),
        url=request.route_path("meetings.new"),
        icon="calendar-event",
        tone="a",
        weight=80,
    )


def panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return the time of a citizen's request, and its content.

    The time is also shown to visitors who have verified the tracking code: they got it by SMS.
    """
    work = request.display_work
    detail = work.get(MeetingService).request(case)
    if detail is None:
        return
    service = work.get(AppointmentService)
    current = service.current(case)
    if current is not None:
        shown = {
            "case": case,
            "appointment": current,
            "place": usual_place(work, work.locale) if current.place == usual_place(work) else current.place,
            "bring": request.site.plugin_texts.of(KIND, request.locale_name)["bring"],
            "earlier": [one for one in service.history(case) if _was_moved(one)],
        }
        for area in ("citizen_top", "tracked"):
            template = f"{TEMPLATES}/appointment.jinja2"
            yield Panel(name="meetings.appointment", area=area, template=template, weight=50, context=shown)
    yield Panel(
        name="meetings.request",
        area="citizen",
        template=f"{TEMPLATES}/own_request.jinja2",
        weight=50,
        context={"detail": detail, "suits": titles(detail.suitable_days, detail.suitable_part)},
    )


def _was_moved(appointment: Appointment) -> bool:
    return appointment.ended_how in ("reschedule", "invite", "recall", "decline_invitation")
