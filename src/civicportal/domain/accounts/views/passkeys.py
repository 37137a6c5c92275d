"""Passkeys: challenges, and the page of a person's passkeys."""

from collections.abc import Callable

from pyramid.httpexceptions import HTTPBadRequest, HTTPForbidden, HTTPSeeOther
from pyramid.response import Response

from civicportal.core.crypto import token_hash
from civicportal.domain.accounts.agents import describe
from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.guards import visitor
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.passkeys import PasskeyKnown, PasskeyService
from civicportal.domain.accounts.proofs import needs_staff_session
from civicportal.domain.accounts.recovery import RecoveryService, hash_recovery_codes, new_recovery_codes
from civicportal.domain.accounts.relying_party import PasskeyRefused, RelyingParty
from civicportal.domain.accounts.schemas import NewPasskey, PasskeyName
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.views import reset, staff
from civicportal.domain.accounts.views.account import changes, own_user
from civicportal.domain.accounts.views.second_factor import party, say
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button, FormInvalid
from civicportal.web.request import Request, ViewResult

Options = Callable[[Request, PasskeyService, RelyingParty, str], str]


def options(request: Request) -> Response:
    """Return the options for the browser's authenticator.

    :raises LimitExceeded: when the address has requested too many.
    """
    make, here = OPTIONS.get(request.POST.get("for", "")), party(request)
    if make is None or here is None:
        raise HTTPBadRequest
    request.site.limits.hit("passkey_ask", request.remote_addr, by=visitor(request))
    cookie = token_hash(request.ensure_session_token())
    try:
        told = make(request, request.work.get(PasskeyService), here, cookie)
    except Refused as refusal:
        return Response(
            json_body={"message": request.translate(refusal.reason)},
            status=409,
            content_type="application/json",
        )
    return Response(told, content_type="application/json", charset="utf-8")


@changes
def passkeys(request: Request) -> dict[str, object]:
    """List the passkeys of the signed-in person."""
    return _page(request, _form(request))


@changes
def add(request: Request) -> ViewResult:
    """Store the passkey that the browser has created."""
    form, here = _form(request), party(request)
    if here is None:
        return HTTPSeeOther(request.route_path("account_passkeys"))
    try:
        values = form.validate(request.POST)
    except FormInvalid:
        request.response.status_int = 422
        return _page(request, form)
    is_first = request.identity.is_staff and _left(request) == 0
    # Hashing takes a while, so do it before the row is locked.
    codes = new_recovery_codes() if is_first else []
    hashes = hash_recovery_codes(codes)
    work = request.work
    user = work.session.get_one(User, request.identity.user_id, with_for_update=True)
    try:
        work.get(PasskeyService).register(
            user,
            values["credential"],
            here,
            token_hash(request.ensure_session_token()),
            name=values["name"],
            for_staff=request.identity.is_staff,
        )
    except PasskeyRefused as refusal:
        say(request, refusal)
        return HTTPSeeOther(request.route_path("account_passkeys"))
    except PasskeyKnown:
        request.session.flash(request.translate(_("This passkey is registered already.")), "bad")
        return HTTPSeeOther(request.route_path("account_passkeys"))
    if codes:
        work.get(RecoveryService).replace(user, hashes)
        return {**_page(request, _form(request)), "codes": codes}
    request.session.flash(request.translate(_("The passkey was added.")), "good")
    return HTTPSeeOther(request.route_path("account_passkeys"))


@changes
def rename(request: Request) -> ViewResult:
    """Rename a passkey."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        passkey = work.get(PasskeyService).fetch(own_user(request), _number(request))
    form = BoundForm(
        request, PasskeyName(), initial={"name": passkey.name}, buttons=(Button(title=_("Save")),)
    )

    def save(values: Values) -> HTTPSeeOther:
        service = request.work.get(PasskeyService)
        service.rename(service.fetch(own_user(request), passkey.id), values["name"])
        request.session.flash(request.translate(_("The name was changed.")), "good")
        return HTTPSeeOther(request.route_path("account_passkeys"))

    return form.handle(save)


@changes
def remove(request: Request) -> HTTPSeeOther:
    """Remove a passkey."""
    user = request.work.session.get_one(User, request.identity.user_id, with_for_update=True)
    service = request.work.get(PasskeyService)
    try:
        service.remove(user, service.fetch(user, _number(request)))
    except Refused as refusal:
        say(request, refusal)
    else:
        request.session.flash(request.translate(_("The passkey was removed.")), "good")
    return HTTPSeeOther(request.route_path("account_passkeys"))


def factor(request: Request) -> ViewResult:
    """Offer strong factors to a person who needs one."""
    user = own_user(request)
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        factors = work.get(FactorService).of(user)
    target = request.safe_next("/desk")
    if factors:
        return HTTPSeeOther(target)
    return {"party": party(request), "must": request.identity.must_enrol}


def _page(request: Request, form: BoundForm) -> dict[str, object]:
    user = request.work.session.get_one(User, request.identity.user_id)
    return {
        "rows": request.work.get(PasskeyService).of(user),
        "form": form,
        "party": party(request),
        "codes_left": request.work.get(RecoveryService).left(user),
        "codes": None,
    }


def _form(request: Request) -> BoundForm:
    usual = describe(request.user_agent or "") or request.translate(_("My passkey"))
    return BoundForm(
        request, NewPasskey(), initial={"name": usual}, action=request.route_path("account_passkey_add")
    )


def _left(request: Request) -> int:
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return work.get(RecoveryService).left(own_user(request))


def _number(request: Request) -> int:
    return int(request.matchdict["id"])


# --- options for the browser


def _register(request: Request, service: PasskeyService, here: RelyingParty, cookie: str) -> str:
    user = _signed_in(request)
    is_proved = request.work.get(SessionService).is_proved(request.identity.session_id)
    if not is_proved or needs_staff_session(request.identity, user):
        raise HTTPForbidden
    return service.registration_options(user, here, cookie)


def _confirm(request: Request, service: PasskeyService, here: RelyingParty, cookie: str) -> str:
    return service.assertion_options("confirm", here, cookie, _signed_in(request))


def _second(request: Request, service: PasskeyService, here: RelyingParty, cookie: str) -> str:
    _challenge, user = staff.waiting(request)
    if user is None:
        raise HTTPForbidden
    return service.assertion_options("second", here, cookie, user)


def _reset(request: Request, service: PasskeyService, here: RelyingParty, cookie: str) -> str:
    user = reset.verified_holder(request)
    if user is None:
        raise HTTPForbidden
    return service.assertion_options("reset", here, cookie, user)


def _signed_in(request: Request) -> User:
    if request.identity.user_id is None:
        raise HTTPForbidden
    return own_user(request)


OPTIONS: dict[str, Options] = {
    "register": _register,
    "login": lambda _request, service, here, cookie: service.assertion_options("login", here, cookie),
    "staff": lambda _request, service, here, cookie: service.assertion_options("staff", here, cookie),
    "second": _second,
    "confirm": _confirm,
    "reset": _reset,
}
