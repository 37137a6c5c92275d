"""Hook implementations of the feedback plugin."""

from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files as resources
from pathlib import Path

from pyramid.config import Configurator

from civicportal.api.cases import Case, CaseChange, CaseKind
from civicportal.api.database import Work
from civicportal.api.exports import Export, StatisticsExport
from civicportal.api.notifications import MessageText
from civicportal.api.people import Permission
from civicportal.api.plugins import Finding, PluginModels, Site, hookimpl
from civicportal.api.web import DashboardWidget, NavigationItem, Panel, Request
from civicportal_feedback import demo, doctor, views, widgets
from civicportal_feedback.exports import EXPORTS
from civicportal_feedback.i18n import _
from civicportal_feedback.messages import MESSAGES
from civicportal_feedback.models import FeedbackBase
from civicportal_feedback.publications import PERMISSION, PublicationService
from civicportal_feedback.workflow import FEEDBACK, KIND


@hookimpl
def register_models() -> PluginModels:
    """Return the plugin's tables."""
    folder = Path(str(resources("civicportal_feedback") / "migrations"))
    return PluginModels(prefix="feedback", metadata=FeedbackBase.metadata, migrations=folder)


@hookimpl
def register_case_kinds() -> Iterable[CaseKind]:
    """Return the kind of case."""
    return (FEEDBACK,)


@hookimpl
def register_permissions() -> Iterable[Permission]:
    """Return the right of the plugin besides those of every kind."""
    return (Permission(name=PERMISSION, title=_("Publish what was heard and done"), scope="case"),)


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
    return (
        NavigationItem(
            name="feedback.new",
            title=_("Criticism and suggestions"),
            route="feedback.new",
            icon="message-2",
            weight=60,
        ),
        NavigationItem(
            name="feedback.desk",
            title=_("Messages of citizens"),
            route="feedback.desk",
            icon="message-2",
            area="staff",
            weight=60,
            kind=KIND,
            permission=FEEDBACK.permission("view"),
        ),
        NavigationItem(
            name="feedback.statistics",
            title=_("Figures of the messages"),
            route="feedback.statistics",
            icon="chart-bar",
            area="staff",
            weight=11,
            permission=FEEDBACK.permission("view"),
        ),
    )


@hookimpl
def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the widgets of the home page and of the staff desk."""
    return widgets.dashboard_widgets(request)


@hookimpl
def case_panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return the panels of a message's page."""
    return widgets.case_panels(case, request)


@hookimpl
def case_changed(change: CaseChange, work: Work) -> None:
    """Withdraw the publication when the case is reopened."""
    if change.case.kind == KIND:
        work.get(PublicationService).follow(change)


@hookimpl
def check_site(work: Work) -> Iterable[Finding]:
    """Return findings about feedback."""
    return doctor.findings(work)


@hookimpl
def load_demo(site: Site, files: Path, progress: Callable[[int, int], None]) -> None:
    """Generate messages of several months."""
    demo.load(site, files, progress)
