"""Open data: public data as files for everybody, built every night, and their catalogue."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.web.pages import add_pages

MANAGE = "core:setting:manage"
ROUTES = {
    "open_data": "/open-data",
    "open_data_fields": "/open-data/fields.txt",
    "open_data_catalogue": "/open-data/catalogue.{format:ttl|jsonld}",
    "open_data_embed": "/open-data/embed",
    "open_data_file": r"/open-data/files/{dataset:[a-z][a-z0-9_.]{0,60}}.{format:[a-z]{3,10}}",
    "admin.open_data": "/admin/open-data",
    "admin.open_data_build": "/admin/open-data/build",
}
#: Route, view, template, permission, method.
VIEWS = (
    ("open_data", "catalogue", "catalogue", PagePermission.EVERYBODY, "GET"),
    ("open_data_fields", "fields", None, PagePermission.EVERYBODY, "GET"),
    ("open_data_catalogue", "harvest", None, PagePermission.EVERYBODY, "GET"),
    ("open_data_embed", "embedded", "embed", PagePermission.EVERYBODY, "GET"),
    ("open_data_file", "file", None, PagePermission.EVERYBODY, "GET"),
    ("admin.open_data", "administration", "admin", MANAGE, "GET"),
    ("admin.open_data_build", "build_now", None, MANAGE, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the catalogue, the files, and the page of administrators."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.portal.opendata.views",
        templates="civicportal:templates/opendata",
    )
