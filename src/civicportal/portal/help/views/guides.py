"""The guides, and the accessibility statement."""

from datetime import datetime, time

from civicportal.portal.help.accessibility import checked
from civicportal.portal.help.guides import GuideName, guide
from civicportal.portal.help.services import HelpService
from civicportal.web.request import Request

LONGEST = 100
"""Characters of a search."""


def citizens(request: Request) -> dict[str, object]:
    """Show the guide for citizens and the frequent questions, or what a search finds in them."""
    return _page(request, "citizen")


def staff(request: Request) -> dict[str, object]:
    """Show the guide for staff, or what a search finds in it."""
    return _page(request, "staff")


def accessibility(request: Request) -> dict[str, object]:
    """Show the accessibility statement."""
    found = checked()
    return {"checked": found, "day": datetime.combine(found.checked_on, time(12), request.site.timezone)}


def _page(request: Request, name: GuideName) -> dict[str, object]:
    service, words = request.work.get(HelpService), request.GET.get("q", "").strip()[:LONGEST]
    shown = guide(request.site, name, request.locale_name)
    questions = service.shown(request.locale_name) if name == "citizen" else []
    return {
        "guide": shown,
        "questions": questions,
        "words": words,
        "hits": service.search(words, shown, questions) if words else [],
    }
