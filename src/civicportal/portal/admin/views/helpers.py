"""Helpers of the administration views."""

from collections.abc import Callable

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.util.errors import Refused
from civicportal.web.request import Request


def row_id(request: Request) -> int:
    """Return the id in the URL."""
    return int(request.matchdict["id"])


def press(
    request: Request, act: Callable[[], object], done: TranslationString | None, target: str
) -> HTTPSeeOther:
    """Perform the action of a button or report why not, and redirect.

    :param done: the message on success; none if None.
    """
    try:
        act()
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
    else:
        if done:
            request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(target)
