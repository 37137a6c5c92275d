"""Back at one's desk: what could not be sent because the session had ended is sent now, or thrown away."""

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther, HTTPTemporaryRedirect

from civicportal.domain.accounts.unsent import UnsentForm, UnsentService
from civicportal.web.request import Request

OF = "of"
"""Names the form in an address, by the path that it goes to."""


def show(request: Request) -> Any:
    """Show what waits, each form with a button that sends it to where it was going."""
    waiting = _waiting(request)
    if not waiting:
        return HTTPSeeOther("/desk" if request.identity.is_staff else "/my")
    return {"waiting": waiting}


def send(request: Request) -> Any:
    """Let the browser send the form once more: the same method, the same body, to where it was going."""
    form = _named(request)
    return HTTPTemporaryRedirect(form.path) if form else HTTPSeeOther(request.route_path("unsent"))


def forget(request: Request) -> Any:
    """Throw a form away and go back to its page."""
    form = _named(request)
    return HTTPSeeOther((form and form.back) or request.route_path("unsent"))


def _waiting(request: Request) -> list[UnsentForm]:
    waiting: list[UnsentForm] = request.work.get(UnsentService).waiting(
        request.ensure_session_token(), request.identity.user_id
    )
    return waiting


def _named(request: Request) -> UnsentForm | None:
    """Return the form that the address names, and let it wait no longer: a second press sends nothing."""
    path = request.GET.get(OF, "")
    form = next((one for one in _waiting(request) if one.path == path), None)
    if form:
        request.work.get(UnsentService).forget(request.ensure_session_token(), path)
    return form
