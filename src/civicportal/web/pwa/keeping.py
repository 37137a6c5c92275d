"""Rules for offline pages of the service worker.

The worker caches pages of one person at a time: a page of another person, sign-in and sign-out clear
the cache. Staff pages are not cached, because they contain data of other people; except those that say that they have
none, for crews without a network.
"""

from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.interfaces import IRoutesMapper

from civicportal.web.request import Request

KEPT = ("home", "my", "my_case", "followed")
OWNER = "Portal-Owner"
"""Response header of a cacheable page; its value distinguishes people without identifying them."""
OWNER_DIGITS = 16
VISITOR = "visitor"
"""The owner of the pages of all visitors."""


def includeme(config: Configurator) -> None:
    """Add the directive, and mark the pages."""
    config.registry.offline_routes = frozenset(KEPT)
    config.registry.offline_staff_routes = frozenset()
    config.add_directive("keep_offline", keep_offline)
    config.add_request_method(owner, "offline_owner", reify=True)
    config.add_request_method(pages, "offline_pages", reify=True)
    config.add_subscriber(mark, NewResponse)


def keep_offline(config: Configurator, *routes: str, staff: bool = False) -> None:
    """Let pages open without a network, as they were seen last.

    For instance ``config.keep_offline("reports.new")``. A page is cached after a visit; a link with ``data-keep`` to it
    has it cached before that.

    :param staff: pages of staff, on which no name, number or text of a citizen stands that could identify them.
    """
    if staff:
        config.registry.offline_staff_routes |= frozenset(routes)
    else:
        config.registry.offline_routes |= frozenset(routes)


def mark(event: NewResponse) -> None:
    """Set the header on a cacheable response."""
    request, response = event.request, event.response
    route = getattr(request, "matched_route", None)
    registry = request.registry
    kept = registry.offline_staff_routes if request.identity.is_staff else registry.offline_routes
    if route is None or route.name not in kept:
        return
    if response.status_int == 200 and response.content_type == "text/html":
        response.headers[OWNER] = request.offline_owner


def pages(request: Request) -> list[str]:
    """Return the paths of the pages to cache before they are visited; visitors have no requests."""
    mapper = request.registry.getUtility(IRoutesMapper)
    names = sorted(request.registry.offline_routes - (frozenset() if request.identity.is_citizen else {"my"}))
    return [request.route_path(name) for name in names if "{" not in mapper.get_route(name).pattern]


def owner(request: Request) -> str:
    """Return the owner of a page as a keyed hash, the same for all visitors."""
    person = request.identity.user_id
    if person is None:
        return VISITOR
    return str(request.site.keys.mac("offline", str(person)).hex()[:OWNER_DIGITS])
