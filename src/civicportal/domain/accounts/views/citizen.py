"""Citizen sign-in by code or password."""

from urllib.parse import urlencode, urlsplit

from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import ColumnElement

from civicportal.domain.accounts.devices import DeviceService, device_hash
from civicportal.domain.accounts.guards import limited_attempt, password_uses, requester
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.passwords import hash_password, needs_rehash, verify_password
from civicportal.domain.accounts.pending_forms import pending_draft, send_after_sign_in
from civicportal.domain.accounts.proofs import Proof, ProofService, proof_of
from civicportal.domain.accounts.schemas import CitizenPassword, CodeEntry, MobileEntry, NameEntry
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.signing import onward, record_refusal, sign_in, sign_out
from civicportal.domain.accounts.views import codes
from civicportal.domain.accounts.views.second_factor import check_passkey, party
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult

WIDE = "btn-primary btn-lg w-100"
WRONG = _("Mobile number or password is not correct.")


def login(request: Request) -> ViewResult:
    """Ask for the mobile number, and send a code to it."""
    if request.identity.is_citizen:
        return HTTPSeeOther(request.safe_next("/my"))
    button = Button(title=_("Get the code by SMS"), css_class=WIDE)
    form = BoundForm(request, MobileEntry(), buttons=(button,), site_limits=("otp_send_site",))

    def send(values: Values) -> ViewResult:
        codes.send(request, "login", values["mobile"])
        return HTTPSeeOther(onward(request, "login_code"))

    return form.handle(
        send,
        codes_arrive=codes.codes_arrive(request),
        password_url=onward(request, "login_password"),
        passkey_url=onward(request, "login_passkey"),
        party=party(request),
    )


def code(request: Request) -> ViewResult:
    """Ask for the code, and sign in."""
    challenge = codes.latest(request, "login")
    if challenge is None:
        return HTTPSeeOther(onward(request, "login"))
    button = Button(title=_("Confirm and sign in"), css_class=WIDE)
    form = BoundForm(request, CodeEntry(), buttons=(button,), site_limits=("otp_verify_site",))

    def enter(values: Values) -> ViewResult:
        outcome = codes.check(request, challenge, values["code"])
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        user = request.work.get(AccountService).citizen_by_mobile(challenge.mobile)
        return _enter(request, user, by="code")

    answer = form.handle(enter)
    if not isinstance(answer, dict):
        return answer
    links = {
        "change_url": onward(request, "login"),
        "resend_url": onward(request, "login_resend"),
        "password_url": onward(request, "login_password"),
        "passkey_url": onward(request, "login_passkey"),
        "party": party(request),
    }
    return {**answer, **codes.context(request, challenge), **links}


def resend(request: Request) -> ViewResult:
    """Send another code to the same number."""
    challenge = codes.latest(request, "login")
    if challenge is None:
        return HTTPSeeOther(onward(request, "login"))
    codes.send(request, "login", challenge.mobile)
    return HTTPSeeOther(onward(request, "login_code"))


def password(request: Request) -> ViewResult:
    """Sign in with mobile and password, for instance when no SMS arrives."""
    button = Button(title=_("Confirm and sign in"), css_class=WIDE)
    form = BoundForm(request, CitizenPassword(), buttons=(button,), site_limits=("password_site",))

    def enter(values: Values) -> ViewResult:
        proof = verified(request, values["mobile"], values["password"], User.mobile == values["mobile"])
        if proof is None:
            record_refusal(request, "citizen", None, "password", values["mobile"])
            form.refuse("", WRONG)
        user = request.work.get(ProofService).person(proof, lock=True)
        if user is None:
            form.refuse("", WRONG)
        is_new = not request.work.get(DeviceService).is_known(device_hash(request), User.id == user.id)
        _rehash(user, values["password"])
        target = _sign_in(request, user, by="password")
        if is_new:
            request.work.get(AccountMessages).notify("member.new_device", user)
        return HTTPSeeOther(target)

    return form.handle(enter, code_url=onward(request, "login"))


def verified(request: Request, name: str, password: str, owner: ColumnElement[bool]) -> Proof | None:
    """Return the proof of the person with this password, counted and compared outside any transaction.

    :param owner: the condition on ``User`` that selects the account.
    :raises LimitExceeded: after too many wrong ones.
    """
    with limited_attempt(request, *password_uses(request, name), by=requester(request, owner)) as trying:
        with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            live = (User.disabled_at.is_(None), User.deleted_at.is_(None))
            user = work.session.query(User).where(owner, *live).one_or_none()
            proof, hashed = (proof_of(user), user.password_hash) if user else (None, None)
        trying.good = verify_password(hashed, password)
    return proof if trying.good else None


def name(request: Request) -> ViewResult:
    """Ask a new citizen for their name."""
    button = Button(title=_("Continue"), css_class=WIDE)
    target = request.safe_next("/")
    written = pending_draft(request, urlsplit(target).path).get("name", [""])
    form = BoundForm(request, NameEntry(), initial={"name": written[0]}, buttons=(button,))

    def save(values: Values) -> ViewResult:
        user = request.work.session.get_one(User, request.identity.user_id)
        request.work.get(AccountService).rename(user, values["name"])
        return HTTPSeeOther(target)

    return form.handle(save, later_url=target)


def logout(request: Request) -> ViewResult:
    """End the session; the browser clears its cached pages."""
    sign_out(request)
    answer = HTTPSeeOther("/")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def passkey(request: Request) -> ViewResult:
    """Sign in the owner of a passkey as a citizen, even if they are staff too."""
    shown = check_passkey(request, "login")
    user = request.work.get(ProofService).person(proof_of(shown), lock=True) if shown else None
    if user is None:
        return HTTPSeeOther(onward(request, "login"))
    return _enter(request, user, by="passkey")


def _enter(request: Request, user: User, *, by: str) -> ViewResult:
    if request.work.get(AccountService).restore_account(user):
        request.session.flash(request.translate(_("Welcome back: your account is as it was.")), "good")
    draft = pending_draft(request, urlsplit(request.safe_next("/my")).path)
    target = _sign_in(request, user, by=by)
    # A pending form is sent first, and its page then asks for the name; a name in the form itself is offered at once.
    if user.name or (draft and "name" not in draft):
        return HTTPSeeOther(target)
    return HTTPSeeOther(f"{request.route_path('login_name')}?{urlencode({'next': target})}")


def _sign_in(request: Request, user: User, *, by: str) -> str:
    """Sign in, and return the page to continue to.

    A pending form of that page was complete before the sign-in, so the page sends it.
    """
    kept = sign_in(request, user, "citizen", by=by)
    target = request.safe_next(kept or "/my")
    if kept and urlsplit(target).path == kept:
        send_after_sign_in(request, kept)
    return target


def _rehash(user: User, password: str) -> None:
    if user.password_hash and needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
