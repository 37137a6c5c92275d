"""Moving in: cases, people, units and categories of an earlier system, from files; by command, and on a page."""

from pyramid.config import Configurator

from civicportal.portal.importing.errors import ImportRefused, MappingError
from civicportal.portal.importing.mapping import ImportMapping
from civicportal.portal.importing.run import ImportSummary, import_files
from civicportal.portal.importing.tasks import MANAGE
from civicportal.portal.importing.undo import UndoResult, undo_batch
from civicportal.web.pages import Page, add_pages

__all__ = [
    "ImportMapping",
    "ImportRefused",
    "ImportSummary",
    "MappingError",
    "UndoResult",
    "import_files",
    "includeme",
    "undo_batch",
]

_TASK = "/admin/imports/{key:[A-Za-z0-9_-]{22}}"
ROUTES = {
    "admin.imports": "/admin/imports",
    "admin.import_new": "/admin/imports/new",
    "admin.import_server": "/admin/imports/server",
    "admin.import_undo": r"/admin/imports/batches/{id:\d{1,18}}/undo",
    "admin.import": _TASK,
    "admin.import_progress": f"{_TASK}/progress",
    "admin.import_entities": f"{_TASK}/files",
    "admin.import_read": f"{_TASK}/read",
    "admin.import_pictures": f"{_TASK}/pictures",
    "admin.import_columns": f"{_TASK}/columns/{{entity:[a-z]{{1,20}}}}",
    "admin.import_values": f"{_TASK}/values",
    "admin.import_mapping": f"{_TASK}/mapping",
    "admin.import_mapping_file": f"{_TASK}/mapping.toml",
    "admin.import_report": f"{_TASK}/report",
    "admin.import_report_file": f"{_TASK}/report.csv",
    "admin.import_check": f"{_TASK}/check",
    "admin.import_apply": f"{_TASK}/apply",
    "admin.import_cancel": f"{_TASK}/cancel",
    "admin.import_delete": f"{_TASK}/delete",
}
BOTH = ("GET", "POST")
#: Route, view, template, permission, method.
VIEWS: tuple[Page, ...] = (
    ("admin.imports", "tasks.imports", "list", MANAGE, "GET"),
    ("admin.import_new", "given.new", "new", MANAGE, BOTH),
    ("admin.import_server", "given.server", "server", MANAGE, BOTH),
    ("admin.import_undo", "tasks.undo", "undo", MANAGE, BOTH),
    ("admin.import", "tasks.show", "import", MANAGE, "GET"),
    ("admin.import_progress", "tasks.progress", "json", MANAGE, "GET"),
    ("admin.import_entities", "tasks.entities", None, MANAGE, "POST"),
    ("admin.import_read", "given.read", None, MANAGE, "POST"),
    ("admin.import_pictures", "given.pictures", "pictures", MANAGE, BOTH),
    ("admin.import_columns", "tasks.columns", "columns", MANAGE, BOTH),
    ("admin.import_values", "tasks.values", "values", MANAGE, BOTH),
    ("admin.import_mapping", "tasks.mapping", "mapping", MANAGE, BOTH),
    ("admin.import_mapping_file", "tasks.mapping_file", None, MANAGE, "GET"),
    ("admin.import_report", "tasks.report", "report", MANAGE, "GET"),
    ("admin.import_report_file", "tasks.report_file", None, MANAGE, "GET"),
    ("admin.import_check", "tasks.check", None, MANAGE, "POST"),
    ("admin.import_apply", "tasks.apply", None, MANAGE, "POST"),
    ("admin.import_cancel", "tasks.cancel", None, MANAGE, "POST"),
    ("admin.import_delete", "tasks.delete", None, MANAGE, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the pages of administrators."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.portal.importing.views",
        templates="civicportal:templates/importing",
    )
