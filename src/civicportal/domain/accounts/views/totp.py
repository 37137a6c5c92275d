"""The authenticator app and the recovery codes."""

import io

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.recovery import (
    RECOVERY_CODES,
    RecoveryService,
    hash_recovery_codes,
    new_recovery_codes,
)
from civicportal.domain.accounts.schemas import AppCodeEntry
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.totp import TotpService, new_secret, provisioning_uri
from civicportal.domain.accounts.views.account import own_user, proved
from civicportal.util.errors import NotFound, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult

SETUP = "totp"
"""Session key of the secret that is being set up, encrypted."""


@proved
def totp(request: Request) -> dict[str, object]:
    """Show whether codes come by SMS or from the app."""
    return {"is_on": bool(own_user(request).totp_secret)}


@proved
def begin(request: Request) -> ViewResult:
    """Create a secret for the app."""
    secret = request.site.keys.encrypt(new_secret())
    request.work.get(SessionService).keep_visitor_data(request.ensure_session_token(), SETUP, secret)
    return HTTPSeeOther(request.route_path("account_totp_setup"))


@proved
def setup(request: Request) -> ViewResult:
    """Show the secret, and enable the app after a right code."""
    secret = _pending(request)
    if secret is None:
        return HTTPSeeOther(request.route_path("account_totp"))
    form = BoundForm(request, AppCodeEntry(), buttons=(Button(title=_("Turn on")),))

    def enable(values: Values) -> ViewResult:
        with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            step = work.get(TotpService).matching_step(secret, values["code"])
        if step is None:
            form.refuse("code", _("The code is not correct. Is the telephone's clock right?"))
        with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            is_first = work.get(RecoveryService).left(own_user(request)) == 0
        codes = new_recovery_codes() if is_first else []
        hashes = hash_recovery_codes(codes)
        user = request.work.session.get_one(User, request.identity.user_id, with_for_update=True)
        request.work.get(TotpService).enable(user, secret, step)
        request.work.get(FactorService).added(user)
        request.work.get(SessionService).forget(request.ensure_session_token(), SETUP)
        if codes:
            request.work.get(RecoveryService).replace(user, hashes)
            return {"form": None, "codes": codes}
        request.session.flash(request.translate(_("The authenticator app is on.")), "good")
        return HTTPSeeOther(request.route_path("account_totp"))

    return form.handle(enable, secret=_grouped(secret), codes=None)


@proved
def qr(request: Request) -> ViewResult:
    """Serve the QR code of the secret that is being set up.

    :raises NotFound: when there is none.
    """
    secret = _pending(request)
    if secret is None:
        raise NotFound("no secret is being set up")
    # Imported here: most processes never need it.
    import segno

    uri = provisioning_uri(secret, own_user(request), request.site.short_name)
    picture = io.BytesIO()
    segno.make(uri, error="m").save(picture, kind="svg", scale=5, border=4, dark="#000", light="#fff")
    request.response.content_type = "image/svg+xml"
    request.response.body = picture.getvalue()
    return request.response


@proved
def recovery(request: Request) -> ViewResult:
    """Show the number of recovery codes, or generate new ones, which void the earlier ones."""
    user = own_user(request)
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        has_factor = bool(work.get(FactorService).of(user))
        left = work.get(RecoveryService).left(user)
    if request.method == "GET" or not has_factor:
        return {"left": left, "has_factor": has_factor, "codes": None, "total": RECOVERY_CODES}
    codes = new_recovery_codes()
    hashes = hash_recovery_codes(codes)
    locked = request.work.session.get_one(User, user.id, with_for_update=True)
    request.work.get(RecoveryService).replace(locked, hashes)
    return {"left": len(codes), "has_factor": True, "codes": codes, "total": RECOVERY_CODES}


@proved
def turn_off(request: Request) -> ViewResult:
    """Remove the authenticator app."""
    user = request.work.session.get_one(User, request.identity.user_id, with_for_update=True)
    factors = request.work.get(FactorService)
    if user.totp_secret is None:
        return HTTPSeeOther(request.route_path("account_totp"))
    try:
        factors.require_removable(user)
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
        return HTTPSeeOther(request.route_path("account_totp"))
    request.work.get(TotpService).disable(user)
    factors.removed(user)
    request.session.flash(request.translate(_("The authenticator app was removed.")), "good")
    return HTTPSeeOther(request.route_path("account"))


def _pending(request: Request) -> str | None:
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        sealed = work.get(SessionService).visitor_data(request.ensure_session_token(), SETUP)
    return request.site.keys.decrypt(sealed) if sealed else None


def _grouped(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
