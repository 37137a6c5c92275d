"""What the views of administration share."""

from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.util.errors import NotPossible
from civicportal.web.request import Request

STEPS = {"up": -1, "down": 1}


def row_id(request: Request) -> int:
    """Return the number in the address."""
    return int(request.matchdict["id"])


def press(request: Request, act: Callable[[], Any], done: Any, target: str) -> HTTPSeeOther:
    """Do what a button says, or say why not, and go on to a page.

    :param done: what is said when it was done; nothing if empty.
    """
    try:
        act()
    except NotPossible as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
    else:
        if done:
            request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(target)


def step(request: Request) -> int:
    """Return which way a row is to move: -1 up, 1 down, 0 for nonsense."""
    return STEPS.get(request.POST.get("direction", ""), 0)
