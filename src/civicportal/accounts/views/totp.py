"""The authenticator app of a member of staff: turn it on and off, new recovery codes."""

import io
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.accounts.models import User
from civicportal.accounts.schemas import AppCodeEntry
from civicportal.accounts.sessions import SessionService
from civicportal.accounts.totp import (
    TotpService,
    hash_recovery_codes,
    new_recovery_codes,
    new_secret,
    provisioning_uri,
)
from civicportal.accounts.views.account import own_user, proved
from civicportal.errors import NotFound, NotPossible
from civicportal.forms import BoundForm, Button, handle_form
from civicportal.i18n import _

SETUP = "totp"
"""The secret that is being set up is kept under this with the session, encrypted."""


@proved
def totp(request: Any) -> dict[str, Any]:
    """Show whether codes come by SMS or from the app."""
    return {"is_on": bool(own_user(request).totp_secret), "codes": None}


@proved
def begin(request: Any) -> Any:
    """Make a secret for the app."""
    secret = request.site.keys.encrypt(new_secret())
    request.work.get(SessionService).keep_visitor_data(request.session_token, SETUP, secret)
    return HTTPSeeOther(request.route_path("account_totp_setup"))


@proved
def setup(request: Any) -> Any:
    """Show the secret, and turn the app on once it has answered with a code."""
    secret = _pending(request)
    if secret is None:
        return HTTPSeeOther(request.route_path("account_totp"))
    form = BoundForm(request, AppCodeEntry(), buttons=(Button(title=_("Turn on")),))

    def enable(values: dict[str, Any]) -> Any:
        with request.site.work(actor=request.identity, write=False) as work:
            step = work.get(TotpService).matching_step(secret, values["code"])
        if step is None:
            form.refuse("code", _("The code is not correct. Is the telephone's clock right?"))
        codes = new_recovery_codes()
        hashes = hash_recovery_codes(codes)
        user = request.work.session.get(User, request.identity.user_id)
        request.work.get(TotpService).enable(user, secret, step, hashes)
        request.work.get(SessionService).forget(request.session_token, SETUP)
        return {"form": None, "codes": codes}

    return handle_form(request, form, enable, secret=_grouped(secret), codes=None)


@proved
def qr(request: Any) -> Any:
    """Serve the QR code of the secret that is being set up.

    :raises NotFound: when there is none.
    """
    secret = _pending(request)
    if secret is None:
        raise NotFound("no secret is being set up")
    # For whoever sets up their second proof; most processes never need it.
    import segno

    uri = provisioning_uri(secret, own_user(request), request.site.short_name)
    picture = io.BytesIO()
    segno.make(uri, error="m").save(picture, kind="svg", scale=5, border=4, dark="#000", light="#fff")
    request.response.content_type = "image/svg+xml"
    request.response.body = picture.getvalue()
    return request.response


@proved
def renew_codes(request: Any) -> Any:
    """Make new recovery codes; the earlier ones are worthless."""
    codes = new_recovery_codes()
    hashes = hash_recovery_codes(codes)
    user = request.work.session.get(User, request.identity.user_id, with_for_update=True)
    try:
        request.work.get(TotpService).replace_recovery_codes(user, hashes)
    except NotPossible as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
        return HTTPSeeOther(request.route_path("account_totp"))
    return {"is_on": True, "codes": codes}


@proved
def turn_off(request: Any) -> Any:
    """Go back to codes by SMS."""
    user = request.work.session.get(User, request.identity.user_id)
    request.work.get(TotpService).disable(user)
    request.session.flash(request.translate(_("The app was turned off; codes come by SMS again.")), "good")
    return HTTPSeeOther(request.route_path("account"))


def _pending(request: Any) -> str | None:
    with request.site.work(actor=request.identity, write=False) as work:
        sealed = work.get(SessionService).visitor_data(request.session_token, SETUP)
    return request.site.keys.decrypt(sealed) if sealed else None


def _grouped(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
