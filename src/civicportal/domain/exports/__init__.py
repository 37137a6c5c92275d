"""Exports of lists and statistics."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.web.pages import add_pages

ROUTES = {
    "exports": "/exports",
    "exports.job": "/exports/jobs/{key}",
    "exports.progress": "/exports/jobs/{key}/progress",
    "exports.cancel": "/exports/jobs/{key}/cancel",
    "exports.file": "/exports/jobs/{key}/file",
    "exports.choose": "/exports/{name}",
    "exports.print": "/exports/{name}/print",
}
SHOWS, ACTS, FORM = ("GET",), ("POST",), ("GET", "POST")
#: Route, view, template, permission, methods.
VIEWS = (
    ("exports", "jobs.mine", "mine", PagePermission.STAFF, SHOWS),
    ("exports.job", "jobs.show", "job", PagePermission.STAFF, SHOWS),
    ("exports.progress", "jobs.progress", "json", PagePermission.STAFF, SHOWS),
    ("exports.cancel", "jobs.cancel", None, PagePermission.STAFF, ACTS),
    ("exports.file", "jobs.file", None, PagePermission.STAFF, SHOWS),
    ("exports.choose", "choose.choose", "choose", PagePermission.STAFF, FORM),
    ("exports.print", "printing.printed", "printed", PagePermission.STAFF, SHOWS),
)


def includeme(config: Configurator) -> None:
    """Add the pages.

    :raises ConfigurationError: for two exports of one name.
    """
    _known = config.registry.site.exports
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.exports.views",
        templates="civicportal:templates/exports",
    )
