"""Hook implementations of the reports plugin."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files as resources
from pathlib import Path

from pyramid.config import Configurator
from translationstring import TranslationString

from civicportal.api.cases import Case, CaseChange, CaseKind
from civicportal.api.database import Work
from civicportal.api.exports import Export, StatisticsExport
from civicportal.api.kartable import RoutingTarget
from civicportal.api.notifications import InboundMessage, MessageText, Reply
from civicportal.api.opendata import OpenDataset
from civicportal.api.people import Permission
from civicportal.api.plugins import Finding, Job, PluginModels, Site, hookimpl
from civicportal.api.web import DashboardWidget, NavigationItem, Panel, Request
from civicportal_reports import demo, digest, doctor, views, widgets
from civicportal_reports.duplicates import DuplicateService
from civicportal_reports.exports import EXPORTS
from civicportal_reports.i18n import _
from civicportal_reports.messages import MESSAGES
from civicportal_reports.models import ReportsBase
from civicportal_reports.nearby import NearbyService
from civicportal_reports.open311_client import jobs as remote_jobs
from civicportal_reports.open311_client.services import ACTIONS, MANAGE, RemoteService
from civicportal_reports.open311_client.telling import UpdateQueue
from civicportal_reports.open_data import REPORTS_DATASET
from civicportal_reports.schemas import Settings
from civicportal_reports.workflow import KIND, REPORTS


@hookimpl
def register_settings() -> Settings:
    """Return the schema of ``[plugins.reports]``."""
    return Settings()


@hookimpl
def register_models() -> PluginModels:
    """Return the plugin's tables."""
    folder = Path(str(resources("civicportal_reports") / "migrations"))
    return PluginModels(prefix="reports", metadata=ReportsBase.metadata, migrations=folder)


@hookimpl
def register_case_kinds() -> Iterable[CaseKind]:
    """Return the kind of case."""
    return (REPORTS,)


@hookimpl
def register_messages() -> Iterable[MessageText]:
    """Return the texts that are sent."""
    return MESSAGES


@hookimpl
def register_jobs(site: Site) -> Iterable[Job]:
    """Return the daily message to those who follow a part of the city, and the deliveries to other servers."""
    return (*digest.jobs(site), *remote_jobs.JOBS)


@hookimpl
def register_permissions() -> Iterable[Permission]:
    """Return the right of administrators."""
    return (Permission(name=MANAGE, title=_("Deliver reports to Open311 servers of others")),)


@hookimpl
def register_audit_actions() -> Mapping[str, TranslationString]:
    """Return the titles of audit actions."""
    return ACTIONS


@hookimpl
def portal_restored(work: Work) -> Iterator[str]:
    """Switch deliveries to other servers off: it is unknown what was delivered since the backup."""
    number = work.get(RemoteService).switch_all_off()
    if number:
        yield f"{number} Open311 servers were switched off: look what they have got before you switch them on again"


@hookimpl
def message_received(message: InboundMessage, work: Work) -> Reply | None:
    """End what a sender follows who wants no more messages."""
    return digest.stop_by_message(message, work)


@hookimpl
def includeme(config: Configurator) -> None:
    """Add the pages."""
    views.includeme(config)


@hookimpl
def navigation_items() -> Iterable[NavigationItem]:
    """Return the links of citizens and staff."""
    return (
        NavigationItem(
            name="reports.new",
            title=_("Report a problem"),
            route="reports.new",
            icon="camera",
            weight=100,
        ),
        NavigationItem(
            name="reports.list",
            title=_("Map of reports"),
            route="reports.list",
            icon="map",
            weight=50,
        ),
        NavigationItem(
            name="reports.follow",
            title=_("Followed areas and categories"),
            route="reports.follow",
            icon="bell",
            area="account",
        ),
        NavigationItem(
            name="reports.desk",
            title=_("City reports"),
            route="reports.desk",
            icon="map-pin",
            area="staff",
            weight=100,
            kind=KIND,
            permission="reports:case:view",
        ),
        NavigationItem(
            name="reports.field",
            title=_("Field work"),
            route="reports.field",
            icon="tool",
            area="staff",
            weight=99,
            permission="reports:case:work",
            in_kartable=True,
        ),
        NavigationItem(
            name="reports.statistics",
            title=_("Figures of the city reports"),
            route="reports.statistics",
            icon="chart-bar",
            area="staff",
            weight=13,
            permission="reports:case:view",
        ),
        NavigationItem(
            name="reports.remotes",
            title=_("Open311 servers"),
            route="reports.remotes",
            icon="send",
            area="staff",
            section="admin",
            permission=MANAGE,
        ),
    )


@hookimpl
def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the widgets of the home page and of the staff desk."""
    return widgets.dashboard_widgets(request)


@hookimpl
def case_panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return the panels of a report's page."""
    return widgets.case_panels(case, request)


@hookimpl
def route_case(case: Case, work: Work) -> RoutingTarget | None:
    """Route a report to the unit that already works on one nearby."""
    unit = work.get(NearbyService).unit_at_work(case) if case.kind == KIND else None
    return RoutingTarget(unit=unit) if unit else None


@hookimpl
def case_changed(change: CaseChange, work: Work) -> None:
    """Update links and followers of duplicates, and queue what other servers get."""
    if change.case.kind == KIND:
        work.get(DuplicateService).sync_duplicate_link(change)
        work.get(RemoteService).case_changed(change)
        UpdateQueue(work).case_changed(change)


@hookimpl
def check_site(work: Work) -> Iterable[Finding]:
    """Return findings about reports."""
    return doctor.findings(work)


@hookimpl
def register_exports() -> Iterable[Export | StatisticsExport]:
    """Return the exports."""
    return EXPORTS


@hookimpl
def register_datasets() -> Iterable[OpenDataset]:
    """Return the published reports as open data."""
    return (REPORTS_DATASET,)


@hookimpl
def load_demo(site: Site, files: Path, progress: Callable[[int, int], None]) -> None:
    """Generate reports of several months."""
    demo.load(site, files, progress)
