"""Responses to denied pages."""

from urllib.parse import quote

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.pending_submissions import store_submission
from civicportal.domain.accounts.policy import record_denial
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.web.derivers import SAFE
from civicportal.web.errors import page
from civicportal.web.request import Request, ViewResult
from civicportal.web.sent import sent_form

STAFF_AREAS = ("/kartable", "/desk", "/admin", "/exports")


def forbidden(request: Request) -> ViewResult:
    """Redirect visitors to the sign-in; answer 403 to others.

    People who need a strong factor are redirected to its set-up. A form submitted after the session ended is kept and
    restored after the sign-in. Scripts only get 401: they would mistake the sign-in page for the requested response.
    Programs have a token already, without the right.
    """
    if request.is_api:
        return wrong_realm(request)
    if request.identity.must_enrol:
        return _enrolment(request)
    if request.identity.realm != "visitor":
        return wrong_realm(request)
    if request.is_xhr:
        return page(request, 401)
    if request.method in SAFE:
        return _login_page(request, request.path_qs)
    if sent_form(request).is_own:
        return _login_page(request, store_submission(request))
    return wrong_realm(request)


def _enrolment(request: Request) -> ViewResult:
    """Redirect to the set-up of a required strong factor."""
    if request.is_xhr:
        return page(
            request, 403, message=request.translate(_("Set up a passkey or an authenticator app first."))
        )
    sent = request.method not in SAFE and sent_form(request).is_own
    target = store_submission(request) if sent else request.path_qs if request.method in SAFE else ""
    query = f"?next={quote(target, safe='/')}" if target else ""
    return HTTPSeeOther(f"{request.route_path('account_factor')}{query}")


def _login_page(request: Request, target: str) -> HTTPSeeOther:
    path = "/staff/login" if request.path.startswith(STAFF_AREAS) else "/login"
    return HTTPSeeOther(f"{path}?next={quote(target, safe='/')}" if target else path)


def wrong_realm(request: Request) -> ViewResult:
    """Answer 403, and record it in the audit trail."""
    # The refused request is rolled back first, so the audit entry has a separate unit of work.
    request.tm.abort()
    request.tm.begin()
    record_denial(request)
    reason = request.exception.reason if isinstance(request.exception, Forbidden) else ""
    return page(request, 403, "403", message=request.translate(reason))
