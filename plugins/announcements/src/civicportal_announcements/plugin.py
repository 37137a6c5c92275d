"""Hook implementations of the announcements plugin."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files as resources
from pathlib import Path

from pyramid.config import Configurator
from translationstring import TranslationString

from civicportal.api.database import Work
from civicportal.api.opendata import OpenDataset
from civicportal.api.people import Permission
from civicportal.api.plugins import Finding, Job, PluginModels, Site, hookimpl
from civicportal.api.web import DashboardWidget, NavigationItem, Request
from civicportal_announcements import demo, doctor, views, widgets
from civicportal_announcements.broadcasts import SEND, BroadcastService
from civicportal_announcements.i18n import _
from civicportal_announcements.jobs import JOBS
from civicportal_announcements.models import AnnouncementsBase
from civicportal_announcements.open_data import POSTS_DATASET
from civicportal_announcements.schemas import Settings
from civicportal_announcements.services import EDIT, PUBLISH, PUBLISHED

ACTIONS = {
    "announcement:publish": _("Published an announcement"),
    "announcement:unpublish": _("Took an announcement off the board"),
    "announcement:delete": _("Deleted an announcement"),
    "announcement:restore": _("Brought an announcement back"),
    "broadcast:send": _("Sent an SMS to many people"),
    "broadcast:stop": _("Stopped an SMS to many people"),
}


@hookimpl
def register_settings() -> Settings:
    """Return the schema of ``[plugins.announcements]``."""
    return Settings()


@hookimpl
def register_models() -> PluginModels:
    """Return the plugin's tables."""
    folder = Path(str(resources("civicportal_announcements") / "migrations"))
    return PluginModels(prefix="announcements", metadata=AnnouncementsBase.metadata, migrations=folder)


@hookimpl
def register_permissions() -> Iterable[Permission]:
    """Return the rights of officers."""
    return (
        Permission(name=EDIT, title=_("Write drafts of announcements")),
        Permission(name=PUBLISH, title=_("Publish, order and delete announcements")),
        Permission(name=SEND, title=_("Send an SMS to everybody who asked for announcements")),
    )


@hookimpl
def register_audit_actions() -> Mapping[str, TranslationString]:
    """Return the titles of audit actions."""
    return ACTIONS


@hookimpl
def register_jobs() -> Iterable[Job]:
    """Return the jobs for broadcasts and erasure."""
    return JOBS


@hookimpl
def register_datasets() -> Iterable[OpenDataset]:
    """Return the published announcements as open data."""
    return (POSTS_DATASET,)


@hookimpl
def includeme(config: Configurator) -> None:
    """Add the pages."""
    views.includeme(config)


@hookimpl
def navigation_items() -> Iterable[NavigationItem]:
    """Return the links of citizens and staff."""
    return (
        NavigationItem(
            name="announcements.list",
            title=_("Announcements"),
            route="announcements.list",
            icon="speakerphone",
            weight=20,
        ),
        NavigationItem(
            name="announcements.desk",
            title=_("Announcement board"),
            route="announcements.desk",
            icon="speakerphone",
            area="staff",
            weight=20,
            permission=EDIT,
        ),
    )


@hookimpl
def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the widgets of home page and desk."""
    return widgets.dashboard_widgets(request)


@hookimpl
def register_events() -> Mapping[str, tuple[TranslationString, Mapping[str, object]]]:
    """Return the event of a publication."""
    data = {"id": {"type": "integer"}, "title": {"type": "string"}, "starts_at": {"type": ["string", "null"]}}
    return {PUBLISHED: (_("An announcement was published"), data)}


@hookimpl
def check_site(work: Work) -> Iterable[Finding]:
    """Return findings about announcements."""
    return doctor.findings(work)


@hookimpl
def portal_restored(work: Work) -> Iterator[str]:
    """Stop broadcasts that were running during the backup.

    It is unknown who has received them since then.
    """
    stopped = work.get(BroadcastService).stop_unfilled()
    if stopped:
        yield f"{stopped} SMS to many people went no further: look whom they reached before you send them again"


@hookimpl
def load_demo(site: Site, files: Path, progress: Callable[[int, int], None]) -> None:
    """Generate announcements of the last weeks."""
    demo.load(site, files, progress)
