"""Forms submitted after the session ended: send them now, or discard them."""

from pyramid.httpexceptions import HTTPSeeOther, HTTPTemporaryRedirect

from civicportal.domain.accounts.pending_submissions import PendingSubmission, PendingSubmissionService
from civicportal.web.request import Request, ViewResult

OF = "of"
"""URL parameter of a form: the path it was sent to."""


def show(request: Request) -> ViewResult:
    """Show the stored forms, each with a button that sends it."""
    waiting = _waiting(request)
    if not waiting:
        return HTTPSeeOther("/desk" if request.identity.is_staff else "/my")
    return {"waiting": waiting}


def send(request: Request) -> ViewResult:
    """Redirect with 307 to the original address.

    The browser then repeats the same request.
    """
    form = _named(request)
    return (
        HTTPTemporaryRedirect(form.path) if form else HTTPSeeOther(request.route_path("pending_submissions"))
    )


def forget(request: Request) -> ViewResult:
    """Discard a form and redirect to its page."""
    form = _named(request)
    return HTTPSeeOther((form and form.back) or request.route_path("pending_submissions"))


def _waiting(request: Request) -> list[PendingSubmission]:
    waiting: list[PendingSubmission] = request.work.get(PendingSubmissionService).waiting(
        request.ensure_session_token(), request.identity.user_id
    )
    return waiting


def _named(request: Request) -> PendingSubmission | None:
    """Return and delete the form named in the URL.

    Thus a second click sends nothing.
    """
    path = request.GET.get(OF, "")
    form = next((one for one in _waiting(request) if one.path == path), None)
    if form:
        request.work.get(PendingSubmissionService).forget(request.ensure_session_token(), path)
    return form
