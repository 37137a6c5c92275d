"""Delivery of reports to the Open311 servers of others, and what comes back."""

from pyramid.config import Configurator

from civicportal.api.web import add_pages
from civicportal_reports.open311_client.services import MANAGE

_ID = r"{id:\d{1,18}}"
_RULE = rf"/desk/reports/servers/{_ID}/rules/{{rule:\d{{1,18}}}}"
_DELIVERY = rf"/desk/reports/servers/{_ID}/deliveries/{{delivery:\d{{1,18}}}}"
ROUTES = {
    "reports.remotes": "/desk/reports/servers",
    "reports.remote_new": "/desk/reports/servers/new",
    "reports.remote": f"/desk/reports/servers/{_ID}",
    "reports.remote_edit": f"/desk/reports/servers/{_ID}/edit",
    "reports.remote_test": f"/desk/reports/servers/{_ID}/test",
    "reports.remote_services": f"/desk/reports/servers/{_ID}/services",
    "reports.remote_switch": f"/desk/reports/servers/{_ID}/switch",
    "reports.remote_again": f"/desk/reports/servers/{_ID}/again",
    "reports.remote_delete": f"/desk/reports/servers/{_ID}/delete",
    "reports.remote_rule_new": f"/desk/reports/servers/{_ID}/rules/new",
    "reports.remote_rule": _RULE,
    "reports.remote_rule_delete": f"{_RULE}/delete",
    "reports.remote_updates": f"/desk/reports/servers/{_ID}/updates",
    "reports.remote_updates_again": f"/desk/reports/servers/{_ID}/updates/again",
    "reports.remote_update_again": rf"/desk/reports/servers/{_ID}/updates/{{update:\d{{1,18}}}}/again",
    "reports.remote_delivery_again": f"{_DELIVERY}/again",
    "reports.remote_delivery_arrived": f"{_DELIVERY}/arrived",
}
BOTH = ("GET", "POST")
#: Route, view, template, permission, methods.
VIEWS: tuple[tuple[str, str, str | None, str, str | tuple[str, ...]], ...] = (
    ("reports.remotes", "servers", "list", MANAGE, "GET"),
    ("reports.remote_new", "new", "form", MANAGE, BOTH),
    ("reports.remote", "server", "server", MANAGE, "GET"),
    ("reports.remote_edit", "edit", "form", MANAGE, BOTH),
    ("reports.remote_test", "test", None, MANAGE, "POST"),
    ("reports.remote_services", "fetch_services", None, MANAGE, "POST"),
    ("reports.remote_switch", "switch", None, MANAGE, "POST"),
    ("reports.remote_again", "deliver_all_again", None, MANAGE, "POST"),
    ("reports.remote_delete", "delete", "delete", MANAGE, BOTH),
    ("reports.remote_rule_new", "new_rule", "rule", MANAGE, BOTH),
    ("reports.remote_rule", "edit_rule", "rule", MANAGE, BOTH),
    ("reports.remote_rule_delete", "delete_rule", None, MANAGE, "POST"),
    ("reports.remote_updates", "updates", "updates", MANAGE, "GET"),
    ("reports.remote_updates_again", "send_updates_again", None, MANAGE, "POST"),
    ("reports.remote_update_again", "send_update_again", None, MANAGE, "POST"),
    ("reports.remote_delivery_again", "deliver_again", None, MANAGE, "POST"),
    ("reports.remote_delivery_arrived", "arrived", None, MANAGE, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the pages of administrators."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal_reports.open311_client.views",
        templates="civicportal_reports:templates/remote",
    )
