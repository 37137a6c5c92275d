"""Pending forms, submitted before sign-in.

They are encrypted, because they may contain data that otherwise only encrypted columns hold.
"""

from datetime import datetime, timedelta
from urllib.parse import quote

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.limits import UNKNOWN, Use, address_of
from civicportal.domain.accounts.guards import count, visitor
from civicportal.domain.accounts.sessions import FORM, SessionService
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request

_SEND = "send"
"""Queue of flash messages with the path of a form to be sent, and the end of the time for that."""
_SEND_WITHIN = timedelta(minutes=10)
VERIFIED = 2
"""The identity level that a provider has verified."""


def may_submit(request: Request, level: int) -> bool:
    """Return whether the actor may submit a form.

    :param level: of the service; see :class:`~civicportal.domain.cases.workflow.CaseKind`.
    """
    return level == 0 or (request.identity.is_citizen and request.identity.level >= level)


def count_submission(request: Request, level: int, once: str, *, anonymous: bool = False) -> None:
    """Count a submitted form.

    :param level: of the service.
    :param once: the form's idempotency key, :meth:`~civicportal.web.forms.BoundForm.once`: a form sent twice counts
        once.
    :param anonymous: the sender must not be identifiable, so only the address is counted.
    :raises ChallengeNeeded: when an unknown client has to pass a challenge.
    :raises LimitExceeded: when either limit is used up.
    """
    person = None if anonymous else request.identity.user_id
    by = UNKNOWN if anonymous else visitor(request)
    own: list[Use] = [("submit_citizen", person)] if person is not None and may_submit(request, level) else []
    same: Use = ("submit_same", once, person or address_of(request.remote_addr))
    count(request, ("submit_address", request.remote_addr), *own, by=by, same=same)


def keep_form(request: Request, form: BoundForm, *, level: int = 1, anchor: str = "") -> HTTPSeeOther:
    """Store a form, and redirect to the sign-in.

    :param level: required by the service: a signed-in citizen is redirected to identity verification.
    :param anchor: position on the page to continue at, for instance ``#4``.
    """
    request.work.get(SessionService).store_encrypted(
        request.ensure_session_token(), FORM + request.path, form.draft()
    )
    signed_in = request.identity.is_citizen and level >= VERIFIED
    path = "/account/identity" if signed_in else "/login"
    return HTTPSeeOther(f"{path}?next={quote(request.path + anchor)}")


def fill_pending(request: Request, form: BoundForm) -> bool:
    """Restore the pending form of this page, if any."""
    draft = pending_draft(request, request.path)
    if draft:
        form.fill(draft)
    return bool(draft)


def send_after_sign_in(request: Request, path: str) -> None:
    """Let the next visit to a page within ten minutes send its pending form, since its person has just signed in."""
    until = request.site.clock.now() + _SEND_WITHIN
    request.session.flash({"path": path, "until": until.isoformat()}, _SEND)


def is_to_be_sent(request: Request) -> bool:
    """Return whether the page's pending form is to be sent, once after a recent sign-in."""
    now = request.site.clock.now()
    return any(
        isinstance(message, dict)
        and message["path"] == request.path
        and now < datetime.fromisoformat(message["until"])
        for message in request.session.pop_flash(_SEND)
    )


def pending_draft(request: Request, path: str) -> dict[str, list[str]]:
    """Return the texts of the page's pending form.

    :param path: of the page, without a query.
    """
    token = request.session_token if request.identity.has_pending_forms is not False else None
    drafts = request.work.get(SessionService).decrypted(token, FORM + path) if token else {}
    draft: dict[str, list[str]] = drafts.get(FORM + path, {})
    return draft


def forget_pending(request: Request, path: str = "") -> None:
    """Discard a pending form that was processed.

    :param path: of the form's page; that of the request if empty.
    """
    if request.session_token and request.identity.has_pending_forms is not False:
        request.work.get(SessionService).forget(request.session_token, FORM + (path or request.path))
