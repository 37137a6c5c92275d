"""The public map in a frame of other sites."""

from pyramid.httpexceptions import HTTPNotFound

from civicportal.api.web import Request
from civicportal_reports.views.public import absolute, embed_hosts, public_filters, shown_map


def embedded(request: Request) -> dict[str, object]:
    """Show the filtered map, without anything of the person who looks."""
    hosts = embed_hosts(request)
    if not hosts:
        raise HTTPNotFound
    request.framed_by = hosts
    form, filters = public_filters(request)
    found = shown_map(request, form, filters)
    return {**found, "home": absolute(request, request.route_path("reports.list"))}
