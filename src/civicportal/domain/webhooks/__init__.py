"""Webhooks: events of the portal for other software, their delivery, and their administration."""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.web.pages import Page, add_pages

MANAGE = "core:webhook:manage"
_ID = r"{id:\d{1,18}}"
_DELIVERY = rf"/admin/webhooks/{_ID}/deliveries/{{delivery:\d{{1,18}}}}"
ROUTES = {
    "admin.webhooks": "/admin/webhooks",
    "admin.webhook_new": "/admin/webhooks/new",
    "admin.webhook": f"/admin/webhooks/{_ID}",
    "admin.webhook_edit": f"/admin/webhooks/{_ID}/edit",
    "admin.webhook_test": f"/admin/webhooks/{_ID}/test",
    "admin.webhook_switch": f"/admin/webhooks/{_ID}/switch",
    "admin.webhook_secret": f"/admin/webhooks/{_ID}/secret",
    "admin.webhook_replay": f"/admin/webhooks/{_ID}/replay",
    "admin.webhook_delete": f"/admin/webhooks/{_ID}/delete",
    "admin.webhook_delivery": _DELIVERY,
    "admin.webhook_delivery_replay": f"{_DELIVERY}/replay",
    "webhooks.schema": r"/api/v1/schemas/events/{name:[a-z0-9_.]{1,60}}/{version:\d{1,3}}.json",
}
BOTH = ("GET", "POST")
#: Route, view, template, permission, method.
VIEWS: tuple[Page, ...] = (
    ("admin.webhooks", "webhooks", "list", MANAGE, "GET"),
    ("admin.webhook_new", "new", "form", MANAGE, BOTH),
    ("admin.webhook", "webhook", "webhook", MANAGE, "GET"),
    ("admin.webhook_edit", "edit", "form", MANAGE, BOTH),
    ("admin.webhook_test", "test", None, MANAGE, "POST"),
    ("admin.webhook_switch", "switch", None, MANAGE, "POST"),
    ("admin.webhook_secret", "rotate", "secret", MANAGE, BOTH),
    ("admin.webhook_replay", "replay_failed", None, MANAGE, "POST"),
    ("admin.webhook_delete", "delete", "delete", MANAGE, BOTH),
    ("admin.webhook_delivery", "delivery", "delivery", MANAGE, "GET"),
    ("admin.webhook_delivery_replay", "replay", None, MANAGE, "POST"),
    ("webhooks.schema", "schema", "json", PagePermission.EVERYBODY, "GET"),
)


def includeme(config: Configurator) -> None:
    """Add the pages of administrators, and the schemas of events."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.webhooks.views",
        templates="civicportal:templates/webhooks",
    )
