"""Feedback on home page, desk and case page."""

from collections.abc import Iterator

from civicportal.api.cases import AccessService, Case
from civicportal.api.organization import OrganizationService
from civicportal.api.web import DashboardWidget, Panel, Request
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback
from civicportal_feedback.publications import PERMISSION, PublicationService
from civicportal_feedback.search import FeedbackSearch, Filters
from civicportal_feedback.services import FeedbackService
from civicportal_feedback.workflow import FEEDBACK

TEMPLATES = "civicportal_feedback:templates/feedback/widgets"
LATEST = 3


def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the service card, recent publications, and the figures for staff."""
    yield DashboardWidget.card(
        name="feedback",
        title=_("Criticism and suggestions"),
        text=_("Suggestion, criticism, complaint or thanks; without a name too"),
        url=request.route_path("feedback.new"),
        icon="message-2",
        tone="v",
        weight=60,
    )
    yield DashboardWidget(
        name="feedback.published",
        area="aside",
        template=f"{TEMPLATES}/published.jinja2",
        weight=40,
        context=lambda: _published(request),
    )
    if request.identity.is_staff and request.identity.permits(FEEDBACK.permission("view")):
        yield _desk(request)


def case_panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return subject and consent of a message, for staff also whether it is published."""
    work = request.display_work
    feedback = work.get(FeedbackService).detail(case)
    if feedback is None:
        return
    yield Panel(
        name="feedback.about",
        area="citizen",
        template=f"{TEMPLATES}/about.jinja2",
        weight=60,
        context=_about(feedback, request),
    )
    if not request.identity.is_staff:
        return
    publications = work.get(PublicationService)
    yield Panel(
        name="feedback.about",
        area="facts",
        template=f"{TEMPLATES}/facts.jinja2",
        weight=60,
        context={
            **_about(feedback, request),
            "case": case,
            "publication": publications.of(case),
            "refusal_reason": publications.refusal_reason(case),
            "may_publish": work.get(AccessService).may_act(case, PERMISSION),
        },
    )


def _published(request: Request) -> dict[str, object] | None:
    pairs = request.display_work.get(PublicationService).latest(LATEST)
    return {"pairs": pairs, "types": TYPES} if pairs else None


def _about(feedback: Feedback, request: Request) -> dict[str, object]:
    name = request.display_work.get(OrganizationService).unit_name
    return {"feedback": feedback, "type": TYPES[feedback.type], "unit": name(feedback.unit_id)}


def _desk(request: Request) -> DashboardWidget:
    total = request.display_work.get(FeedbackSearch).total
    path = request.route_path("feedback.desk")
    rows = (
        ("registered", _("Registered"), "c4"),
        ("in_progress", _("In progress"), "c1"),
        ("done", _("Answered"), "c6"),
        ("rejected", _("Archived"), "c7"),
    )
    return DashboardWidget(
        name="feedback.desk",
        area="desk",
        template="civicportal:templates/dashboard/desk_list.jinja2",
        weight=40,
        context=lambda: {
            "title": _("Messages of citizens"),
            "link": path,
            "link_title": _("The list"),
            "rows": [
                (title, total(Filters(stage=stage)), f"{path}?stage={stage}", tone)
                for stage, title, tone in rows
            ],
        },
    )
