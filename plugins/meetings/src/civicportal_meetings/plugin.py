"""Hook implementations of the meetings plugin."""

from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files as resources
from pathlib import Path

from pyramid.config import Configurator

from civicportal.api.cases import Case, CaseChange, CaseKind
from civicportal.api.database import Work
from civicportal.api.exports import Export, StatisticsExport
from civicportal.api.kartable import RoutingTarget
from civicportal.api.notifications import MessageText
from civicportal.api.people import Permission
from civicportal.api.plugins import Finding, Job, PluginModels, Site, hookimpl
from civicportal.api.web import DashboardWidget, NavigationItem, Panel, Request
from civicportal_meetings import citizen_widgets, demo, doctor, jobs, staff_widgets, views
from civicportal_meetings.exports import EXPORTS
from civicportal_meetings.i18n import _
from civicportal_meetings.messages import MESSAGES
from civicportal_meetings.models import MeetingsBase
from civicportal_meetings.names import GIVE_ORDERS, KIND, MINUTES, ORDERS, SESSIONS
from civicportal_meetings.services import AppointmentService, OrderService
from civicportal_meetings.settings import Settings
from civicportal_meetings.workflow import MAYORS_ORDERS, MEETINGS


@hookimpl
def register_settings() -> Settings:
    """Return the schema of ``[plugins.meetings]``."""
    return Settings()


@hookimpl
def register_models() -> PluginModels:
    """Return the plugin's tables."""
    folder = Path(str(resources("civicportal_meetings") / "migrations"))
    return PluginModels(prefix="meetings", metadata=MeetingsBase.metadata, migrations=folder)


@hookimpl
def register_case_kinds() -> Iterable[CaseKind]:
    """Return the kinds of cases."""
    return (MEETINGS, MAYORS_ORDERS)


@hookimpl
def register_permissions() -> Iterable[Permission]:
    """Return the rights of the plugin besides those of every kind."""
    return (
        Permission(name=SESSIONS, title=_("Plan public meeting days and close times")),
        Permission(name=MINUTES, title=_("Write the minutes of meetings"), scope="case"),
        Permission(name=GIVE_ORDERS, title=_("Write down orders of the mayor"), scope="case"),
    )


@hookimpl
def register_messages() -> Iterable[MessageText]:
    """Return the texts that are sent."""
    return MESSAGES


@hookimpl
def includeme(config: Configurator) -> None:
    """Add the pages."""
    views.includeme(config)


@hookimpl
def register_exports() -> Iterable[Export | StatisticsExport]:
    """Return the exports."""
    return EXPORTS


@hookimpl
def navigation_items() -> Iterable[NavigationItem]:
    """Return the links of citizens and staff."""
    return (citizen_widgets.NAVIGATION, staff_widgets.NAVIGATION, staff_widgets.FIGURES)


@hookimpl
def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the widgets of the home page and of the staff desk."""
    yield citizen_widgets.card(request)
    yield from staff_widgets.widget(request)


@hookimpl
def case_panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return the panels of a request's page."""
    yield from citizen_widgets.panels(case, request)
    yield from staff_widgets.panels(case, request)


@hookimpl
def register_jobs() -> Iterable[Job]:
    """Return the jobs for reminders and cancelled sessions."""
    return jobs.jobs()


@hookimpl
def check_site(work: Work) -> Iterable[Finding]:
    """Return findings about meetings."""
    return doctor.findings(work)


@hookimpl
def route_case(case: Case, work: Work) -> RoutingTarget | None:
    """Route requests and orders to the mayor's office."""
    if case.kind == KIND:
        return RoutingTarget(unit=work.site.plugin_settings[KIND]["unit"])
    return work.get(OrderService).route(case) if case.kind == ORDERS else None


@hookimpl
def case_changed(change: CaseChange, work: Work) -> None:
    """Update appointments after events of a request."""
    if change.case.kind == KIND:
        work.get(AppointmentService).follow(change)


@hookimpl
def load_demo(site: Site, files: Path, progress: Callable[[int, int], None]) -> None:
    """Generate requests of several months."""
    demo.load(site, files, progress)
