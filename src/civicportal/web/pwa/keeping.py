"""Rules for offline pages of the service worker.

The worker caches pages of one person at a time: a page of another person, sign-in and sign-out clear
the cache. Staff pages are never cached, because they contain data of other people.
"""

from pyramid.events import NewResponse

from civicportal.web.request import Request

KEPT = frozenset({"home", "my", "my_case", "followed"})
OWNER = "Portal-Owner"
"""Response header of a cacheable page; its value distinguishes people without identifying them."""
OWNER_DIGITS = 16


def mark(event: NewResponse) -> None:
    """Set the header on a cacheable response."""
    request, response = event.request, event.response
    route = getattr(request, "matched_route", None)
    if route is None or route.name not in KEPT or response.status_int != 200 or request.identity.is_staff:
        return
    response.headers[OWNER] = owner(request)


def owner(request: Request) -> str:
    """Return the owner of a page as a keyed hash, the same for all visitors."""
    person = str(request.identity.user_id or "")
    return str(request.site.keys.mac("offline", person).hex()[:OWNER_DIGITS])
