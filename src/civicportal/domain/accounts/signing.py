"""Start and end of a session: row, cookie, audit entry."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from civicportal.core.crypto import new_token
from civicportal.core.security_events import name_key
from civicportal.domain.accounts.devices import DeviceService, ensure_device
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.pending_submissions import PendingSubmissionService
from civicportal.domain.accounts.sessions import LIFE, SessionService
from civicportal.domain.audit.services import AuditService
from civicportal.web.csrf import set_session_cookie
from civicportal.web.request import Request


@dataclass(frozen=True, kw_only=True)
class SignInRefused:
    """Event: a sign-in was refused.

    :ivar realm: "citizen", "staff", or the purpose of the code.
    :ivar reason: a fixed word such as "password".
    """

    realm: str
    reason: str


def sign_in(request: Request, user: User, realm: Literal["citizen", "staff"], *, by: str) -> str:
    """Open a session and set its cookie.

    The visitor's data and uploads are moved; the old token becomes invalid.

    :param by: the method of authentication, for the audit trail.
    :returns: the path of the page with a pending form, or an empty text.
    """
    work, old = request.work, request.session_token
    sessions = work.get(SessionService)
    token = sessions.open(realm, user, request.user_agent or "", replaces=old)
    work.get(DeviceService).remember(user, ensure_device(request))
    staff = realm == "staff"
    # Without addresses of citizens: the trail is stored for years.
    place: dict[str, str] = {"address": request.remote_addr or ""} if staff else {}
    work.get(AuditService).record(f"login:{realm}", subject_id=user.id, by=by, case_id=None, **place)
    set_session_cookie(
        request, token, strict=staff, max_age=None if staff else int(LIFE[realm].total_seconds())
    )
    if work.get(PendingSubmissionService).waiting(token, user.id):
        return str(request.route_path("pending_submissions"))
    return sessions.pending_form(token) or ""


def sign_out(request: Request) -> None:
    """End the session and give the browser a new visitor's token."""
    if request.session_token:
        request.work.get(SessionService).end(request.session_token)
    if request.identity.user_id:
        request.work.get(AuditService).record("logout", subject_id=request.identity.user_id)
    set_session_cookie(request, new_token())
    request.session.invalidate()


def record_refusal(request: Request, realm: str, user_id: int | None, reason: str, name: str = "") -> None:
    """Record a refused sign-in in the audit trail.

    :param name: user name or mobile as entered, if no account is known; the trail stores a keyed hash of it.
    """
    site = request.site
    typed: dict[str, str] = {"name_key": name_key(site.keys, name)} if name else {}
    with site.work(actor=request.identity) as work:
        work.get(AuditService).record(
            "login:refused",
            subject_id=user_id,
            to=realm,
            reason=reason,
            address=request.remote_addr or "",
            case_id=None,
            **typed,
        )
    request.registry.notify(SignInRefused(realm=realm, reason=reason))


def onward(request: Request, route: str) -> str:
    """Return the path of the next step of signing in."""
    target = request.safe_next("")
    query = f"?{urlencode({'next': target})}" if target else ""
    return f"{request.route_path(route)}{query}"
