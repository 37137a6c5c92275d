"""Which pages the service worker may keep for reading without a network, and whose they are.

The worker keeps pages of one person at a time: a page of somebody else, the sign-in and the sign-out throw away what
was kept. Pages of staff are never kept: they are full of other people.
"""

from typing import Any

from civicportal.web.request import Request

KEPT = frozenset({"home", "my", "my_case", "followed"})
OWNER = "Portal-Owner"
"""Header of a page that may be kept; its value tells one person's pages from another's and names nobody."""
OWNER_DIGITS = 16


def mark(event: Any) -> None:
    """Say on the answer whether it may be kept."""
    request, response = event.request, event.response
    route = getattr(request, "matched_route", None)
    if route is None or route.name not in KEPT or response.status_int != 200 or request.identity.is_staff:
        return
    response.headers[OWNER] = owner(request)


def owner(request: Request) -> str:
    """Return whose page this is, as a keyed hash; visitors share one."""
    person = str(request.identity.user_id or "")
    return str(request.site.keys.mac("offline", person).hex()[:OWNER_DIGITS])
