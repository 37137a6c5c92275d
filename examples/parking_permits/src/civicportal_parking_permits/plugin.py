"""Hook implementations; the modules they call do the work."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pyramid.config import Configurator
from translationstring import TranslationString

from civicportal.api.cases import Case, CaseChange, CaseKind
from civicportal.api.database import Work
from civicportal.api.exports import Export, StatisticsExport
from civicportal.api.notifications import MessageText
from civicportal.api.people import Permission
from civicportal.api.plugins import Finding, Job, PluginModels, Site, hookimpl
from civicportal.api.web import DashboardWidget, NavigationItem, Panel, Request
from civicportal_parking_permits import demo, doctor, jobs, views, widgets
from civicportal_parking_permits.exports import EXPORTS
from civicportal_parking_permits.i18n import _
from civicportal_parking_permits.messages import MESSAGES
from civicportal_parking_permits.models import PermitsBase
from civicportal_parking_permits.names import KIND, PAYMENT, ZONES
from civicportal_parking_permits.services import PermitService
from civicportal_parking_permits.settings import Settings
from civicportal_parking_permits.views.zones import ACTIONS
from civicportal_parking_permits.workflow import PERMITS


@hookimpl
def register_settings() -> Settings:
    """Return the schema of ``[plugins.parking_permits]``."""
    return Settings()


@hookimpl
def register_models() -> PluginModels:
    """Return the plugin's tables."""
    migrations = Path(__file__).parent / "migrations"
    return PluginModels(prefix=KIND, metadata=PermitsBase.metadata, migrations=migrations)


@hookimpl
def register_case_kinds() -> Iterable[CaseKind]:
    """Return the kind of case."""
    return (PERMITS,)


@hookimpl
def register_permissions() -> Iterable[Permission]:
    """Return the rights besides those of every kind."""
    return (
        Permission(name=PAYMENT, title=_("Record payments of parking permits"), scope="case"),
        Permission(name=ZONES, title=_("Change parking zones")),
    )


@hookimpl
def register_audit_actions() -> Mapping[str, TranslationString]:
    """Return the titles of actions in the audit trail."""
    return ACTIONS


@hookimpl
def register_messages() -> Iterable[MessageText]:
    """Return the text messages."""
    return MESSAGES


@hookimpl
def register_jobs() -> Iterable[Job]:
    """Return the jobs."""
    return jobs.jobs()


@hookimpl
def register_exports() -> Iterable[Export | StatisticsExport]:
    """Return the exports."""
    return EXPORTS


@hookimpl
def includeme(config: Configurator) -> None:
    """Add routes and views."""
    views.includeme(config)


@hookimpl
def case_changed(change: CaseChange, work: Work) -> None:
    """Update the permit after a change of its case."""
    if change.case.kind == KIND:
        work.get(PermitService).follow(change)


@hookimpl
def check_site(work: Work) -> Iterable[Finding]:
    """Return findings about parking permits."""
    return doctor.findings(work)


@hookimpl
def navigation_items() -> Iterator[NavigationItem]:
    """Return the links of citizens and staff."""
    return widgets.navigation_items()


@hookimpl
def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the widgets of the home page."""
    return widgets.dashboard_widgets(request)


@hookimpl
def case_panels(case: Case, request: Request) -> Iterator[Panel]:
    """Return the panels of a case's page."""
    return widgets.case_panels(case, request)


@hookimpl
def load_demo(site: Site, files: Path, progress: Callable[[int, int], None]) -> None:
    """Generate permits of some months."""
    demo.load(site, files, progress)
