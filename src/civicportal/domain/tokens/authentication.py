"""Finding the token of a request, and the scopes that views require."""

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPNotFound
from pyramid.interfaces import IRoutesMapper, IViewDeriverInfo
from pyramid.response import Response
from sqlalchemy import bindparam, select, update

from civicportal.core.crypto import token_hash
from civicportal.core.db import short_transaction
from civicportal.core.security import ApiToken, InvalidToken, PagePermission, TokenRequired
from civicportal.core.security_events import log_security_event
from civicportal.domain.accounts.identity import (
    PERSON,
    SEEN_EVERY,
    HeldRole,
    every_right,
    identity_of_rows,
    machine_of_row,
    visitor_of,
    with_rights,
)
from civicportal.domain.accounts.models import User
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.tokens.models import ApiClient, Token
from civicportal.domain.tokens.scopes import narrowed, scopes_of
from civicportal.domain.tokens.secrets import LONGEST
from civicportal.domain.tokens.services import is_valid
from civicportal.util.errors import ConfigurationError
from civicportal.util.queries import NamedRecord
from civicportal.web.derivers import View
from civicportal.web.request import Request
from civicportal.web.rest.roots import root_of

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger("civicportal.api")
SCHEME = "bearer"

#: The person of a token with their rights, in one statement that is built once.
_OF_TOKEN = with_rights(
    select(
        Token.id.label("token_id"),
        Token.name.label("token_name"),
        Token.realm.label("realm"),
        Token.scopes,
        Token.unit_id.label("token_unit_id"),
        Token.expires_at,
        Token.last_used_at,
        ApiClient.id.label("client_id"),
        ApiClient.role_id.label("client_role_id"),
        ApiClient.unit_id.label("client_unit_id"),
        *PERSON,
    )
    .select_from(Token)
    .join(User, User.id == Token.user_id)
    .outerjoin(ApiClient, ApiClient.user_id == User.id)
    .where(Token.token_hash == bindparam("token_hash"), *is_valid(bindparam("now"))),
    is_staff=Token.realm == "staff",
)


def token_of(request: Request) -> ApiToken | None:
    """Return the valid token of a request below ``/api/``, with its actor."""
    sent = _sent(request)
    if not sent or len(sent) > LONGEST or not request.site.branding.api_enabled:
        return None
    return load_token(request.site, sent)


def load_token(site: "Site", sent: str) -> ApiToken | None:
    """Return a valid token with its actor; None if it is unknown, revoked or expired, or its account is disabled."""
    now = site.clock.now()
    today = site.calendar.today(now)
    with site.engines.read.connect() as connection:
        rows = connection.execute(
            _OF_TOKEN, {"token_hash": token_hash(sent), "now": now, "today": today}
        ).all()
    if not rows:
        return None
    row, scopes = rows[0], frozenset(rows[0].scopes)
    with site.work(actor=visitor_of(row), write=False) as work:
        if row.client_id is None:
            identity = identity_of_rows(work, rows, token_id=row.token_id)
        else:
            identity = machine_of_row(work, row, _role_of_client(row), token_id=row.token_id)
        units = work.get(OrganizationService).units.subtree(row.token_unit_id) if row.token_unit_id else None
        identity = narrowed(site, identity, scopes, units, every_right(work))
    _mark_used(site, row, now)
    return ApiToken(
        id=row.token_id,
        name=row.token_name,
        user_id=row.user_id,
        scopes=scopes,
        unit_id=row.token_unit_id,
        expires_at=row.expires_at,
        identity=identity,
    )


def _role_of_client(row: NamedRecord) -> HeldRole | None:
    if row.client_role_id is None:
        return None
    return HeldRole(holder_id=row.user_id, role_id=row.client_role_id, unit_id=row.client_unit_id)


def _mark_used(site: "Site", row: NamedRecord, now: datetime) -> None:
    if row.last_used_at is not None and now - row.last_used_at < SEEN_EVERY:
        return
    with short_transaction(site.engines) as connection:
        connection.execute(update(Token).where(Token.id == row.token_id).values(last_used_at=now))
        connection.execute(update(User).where(User.id == row.user_id).values(last_seen_at=now))


def _sent(request: Request) -> str:
    """Return the token of the header or the form, valid or not; "" without one, and outside addresses of programs."""
    root = root_of(request.registry, request.environ.get("PATH_INFO", ""))
    if root is None:
        return ""
    scheme, _space, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == SCHEME:
        return sent.strip()
    # Never in the address, which is logged.
    return str(request.POST.get(root.key_field, "")).strip() if root.key_field else ""


def scoped_view(view: View, info: IViewDeriverInfo) -> View:
    """Require a token with the scope of a view below ``/api/``, or another address of programs.

    Its option ``scope`` names the scope. Views without one are for everybody, and refuse wrong tokens too.

    :raises ConfigurationError: for a view of these with a permission and no scope, an unknown scope, or a scope
        elsewhere.
    """
    scope, permission = info.options.get("scope"), info.options.get("permission")
    if not _is_api_view(info):
        if scope is not None:
            raise ConfigurationError(f"{info.original_view}: only views for programs have a scope")
        return view
    site = info.registry.site
    if scope is None and permission != PagePermission.EVERYBODY:
        raise ConfigurationError(
            f"{info.original_view}: a view for programs that is not for everybody has a scope"
        )
    if scope is not None and scope not in scopes_of(site):
        raise ConfigurationError(f"{info.original_view}: there is no scope {scope!r}")

    def scoped(context: object, request: Request) -> Response:
        if not site.branding.api_enabled:
            raise HTTPNotFound
        token = request.token
        if token is None and _sent(request):
            _refuse(request)
        if scope is not None:
            if token is None:
                raise TokenRequired
            token.require(scope)
        response = view(context, request)
        if token is not None:
            _log_call(request, token, response.status_int)
        return response

    return scoped


scoped_view.options = ("scope",)  # type: ignore[attr-defined]  # where Pyramid looks for the options that a view may have


def _is_api_view(info: IViewDeriverInfo) -> bool:
    name = info.options.get("route_name")
    route = info.registry.getUtility(IRoutesMapper).get_route(name) if name else None
    return route is not None and root_of(info.registry, f"/{route.pattern.lstrip('/')}") is not None


def _refuse(request: Request) -> None:
    """Count a wrong token against its address, and refuse it.

    :raises LimitExceeded: after too many of them.
    :raises InvalidToken: else.
    """
    request.site.limits.hit("api_token_wrong", request.remote_addr)
    log_security_event("auth.token.refused")
    raise InvalidToken


def _log_call(request: Request, token: ApiToken, status: int) -> None:
    # The pattern: a path may contain a tracking code.
    route = request.matched_route
    log.info(
        "call",
        extra={
            "token": token.id,
            "user": token.user_id,
            "method": request.method,
            "route": route.pattern if route else "",
            "status": status,
        },
    )
