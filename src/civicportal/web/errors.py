"""Error pages, and the mapping of domain errors to HTTP responses."""

import logging
import secrets

from pyramid.config import Configurator
from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import HTTPException
from pyramid.renderers import render_to_response
from pyramid.response import Response
from pyramid_retry import mark_error_retryable
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from civicportal.core.db.servers import may_be_repeated
from civicportal.core.limits import ChallengeNeeded, LimitExceeded
from civicportal.core.security_events import log_security_event
from civicportal.core.storage import StorageUnavailable
from civicportal.util.errors import RETRY_SECONDS, Conflict, NotFound
from civicportal.util.i18n import _
from civicportal.web.challenge import after_refusal
from civicportal.web.derivers import SAFE
from civicportal.web.request import Request
from civicportal.web.rest.dispatch import allowed_methods
from civicportal.web.rest.problems import Problem, api_root, problem, refused
from civicportal.web.sent import sent_form, stale_form

log = logging.getLogger(__name__)
MAY_HELP = (429, 500, 503)
"""Status codes for which sending the same request again may help."""


def page(request: Request, status: int, template: str = "error", **context: object) -> Response:
    """Render an error page, below ``/api/`` a problem; for JSON clients only the message."""
    if _is_of_program(request):
        return problem(request, status, str(context.get("message", "")))
    if request.is_xhr or "application/json" in request.headers.get("Accept", ""):
        response = render_to_response("json", {"message": context.get("message", "")}, request=request)
    else:
        context = {"sent": sent_form(request), "retry": status in MAY_HELP, **context}
        response = render_to_response(
            f"civicportal:templates/errors/{template}.jinja2", context, request=request
        )
    response.status_int = status
    return response


def not_found(request: Request) -> Response:
    """Answer 404, also for objects that this user may not know of; below ``/api/`` 405 to another method."""
    allowed = allowed_methods(request) if _is_of_program(request) else []
    if allowed and request.method not in allowed:
        return problem(request, 405, headers={"Allow": ", ".join(allowed)})
    return page(request, 404, "404")


def conflict(request: Request) -> Response:
    """Answer 409 for views without their own page."""
    message = request.translate(_("This was changed while you were writing. Please open the page again."))
    return page(request, 409, message=message)


def too_many(error: LimitExceeded, request: Request) -> Response:
    """Answer 429 with the end of the limit."""
    until = request.site.calendar.format_time(error.retry_after, locale=request.locale_name)
    message = request.translate(
        _("Too many attempts. Please try again after ${time}.", mapping={"time": until})
    )
    response = page(request, 429, "429", message=message, by_password=error.name.startswith("otp_send_"))
    response.headers["Retry-After"] = str(error.seconds_left(request.site.clock.now()))
    return response


def challenge_needed(error: ChallengeNeeded, request: Request) -> Response:
    """Answer 429 with a challenge and the same form."""
    if request.is_xhr or request.method != "POST" or _is_of_program(request):
        return too_many(error, request)
    shown = after_refusal(request, error)
    response = page(request, 429, "challenge", shown=shown)
    response.headers["Retry-After"] = str(max(1, shown.seconds))
    return response


def bad_csrf(request: Request) -> Response:
    """Answer 400 to a form without the right token.

    A page of the portal gets its input back, with the current token.
    """
    route = getattr(request, "matched_route", None)
    log_security_event("csrf.refused", user=request.identity.user_id, route=route.name if route else "")
    sent = stale_form(request)
    if sent:
        return page(request, 400, "stale", sent=sent, retry=True)
    message = request.translate(
        _(
            "This form has expired or your browser keeps no cookies. Please open the page again and send once more."
        )
    )
    return page(request, 400, message=message)


def http_error(error: HTTPException, request: Request) -> Response:
    """Render other HTTP errors as pages of the portal, with their headers."""
    if error.status_int < 400:
        return error
    response = page(
        request, error.status_int, message=request.translate(_("The request could not be understood."))
    )
    if error.status_int == 405:
        response.headers["Allow"] = error.headers.get("Allow", "GET, HEAD, POST")
    return response


def database_gone(error: Exception, request: Request) -> Response:
    """Answer 503 while the database is unreachable.

    A request that certainly changed nothing is retried first: another server may have taken over.
    """
    if may_be_repeated(error, reads=request.method in SAFE):
        mark_error_retryable(error)
    log.error("database: %s", type(error).__name__, exc_info=error)
    response = page(request, 503, "503")
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def storage_unavailable(error: StorageUnavailable, request: Request) -> Response:
    """Answer 503 for pictures while the file store is unreachable."""
    log.error("the store of files: %s", error)
    response = page(request, 503, "503")
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def crashed(error: Exception, request: Request) -> Response:
    """Answer 500 with an id by which the log entry is found."""
    reference = secrets.token_hex(4)
    # The route pattern instead of the path, which may contain the token of a link.
    route = getattr(request, "matched_route", None)
    place = route.pattern if route else request.path
    log.error("crash on %s %s", request.method, place, exc_info=error, extra={"crash": reference})
    return page(request, 500, "500", reference=reference)


def _is_of_program(request: Request) -> bool:
    return api_root(request.registry, request.path) is not None


def includeme(config: Configurator) -> None:
    """Add the pages."""
    config.add_notfound_view(not_found)
    views = (
        (refused, Problem),
        (not_found, NotFound),
        (conflict, Conflict),
        (conflict, StaleDataError),
        (too_many, LimitExceeded),
        (challenge_needed, ChallengeNeeded),
        (bad_csrf, BadCSRFToken),
        (bad_csrf, BadCSRFOrigin),
        (http_error, HTTPException),
        (database_gone, OperationalError),
        (database_gone, InterfaceError),
        (database_gone, PoolTimeout),
        (database_gone, TimeoutError),
        (storage_unavailable, StorageUnavailable),
        (crashed, Exception),
    )
    for view, context in views:
        config.add_exception_view(view, context=context)
