"""The public map in a frame of other sites."""

from pyramid.httpexceptions import HTTPNotFound

from civicportal.api.web import Request
from civicportal_reports.views.public import absolute, public_filters, shown_map
from civicportal_reports.workflow import KIND


def embedded(request: Request) -> dict[str, object]:
    """Show the filtered map, without anything of the person who looks."""
    hosts = embed_hosts(request)
    if not hosts:
        raise HTTPNotFound
    request.framed_by = hosts
    form, filters = public_filters(request)
    found = shown_map(request, form, filters)
    return {**found, "home": absolute(request, request.route_path("reports.list"))}


def embed_hosts(request: Request) -> list[str]:
    """Return the hosts that may embed the map."""
    return list(request.site.plugin_settings[KIND]["embed_hosts"])
