"""Staff sign-in.

It needs a passkey, or user name and password and then a passkey, a code of an app, a recovery code, or a code by SMS if
there is no stronger factor.
"""

from dataclasses import astuple

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.crypto import token_hash
from civicportal.core.work import Work
from civicportal.domain.accounts.factors import Factors, FactorService
from civicportal.domain.accounts.guards import after_password
from civicportal.domain.accounts.models import OtpChallenge, User
from civicportal.domain.accounts.otp import OtpService
from civicportal.domain.accounts.proofs import Proof, ProofService, proof_of
from civicportal.domain.accounts.schemas import AppCodeEntry, CodeEntry, RecoveryEntry, StaffPassword
from civicportal.domain.accounts.signing import onward, record_refusal, sign_in
from civicportal.domain.accounts.views import codes
from civicportal.domain.accounts.views.citizen import WIDE, verified
from civicportal.domain.accounts.views.second_factor import check_app, check_passkey, check_recovery, party
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult

SHOWN = "staff_password"
"""Flash queue for the person who has entered the password, signed. Stored in the row of an ended session, it would make
the row a visitor's before the second factor: the owner of a form sent from another tab would be unknown.
"""


def login(request: Request) -> ViewResult:
    """Ask for user name and password."""
    if request.identity.is_staff:
        return HTTPSeeOther(request.safe_next("/desk"))
    button = Button(title=_("Continue"), css_class=WIDE)
    form = BoundForm(request, StaffPassword(), buttons=(button,), site_limits=("password_site",))

    def enter(values: Values) -> ViewResult:
        username = values["username"]
        proof = verified(request, username, values["password"], User.username == username)
        if proof is None:
            record_refusal(request, "staff", None, "password", username)
            form.refuse("", _("User name or password is not correct."))
        _ask_second(request, proof)
        return HTTPSeeOther(onward(request, "staff_login_code"))

    return form.handle(
        enter,
        codes_arrive=codes.codes_arrive(request),
        passkey_url=onward(request, "staff_login_passkey"),
        party=party(request),
    )


def passkey(request: Request) -> ViewResult:
    """Sign in the owner of a passkey without a password."""
    shown = check_passkey(request, "staff")
    user = request.work.get(ProofService).person(proof_of(shown), lock=True) if shown else None
    return _enter(request, user, by="passkey") if user else HTTPSeeOther(onward(request, "staff_login"))


def code(request: Request) -> ViewResult:
    """Ask for the second factor."""
    challenge, user = waiting(request)
    if challenge is None or user is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    factors = _factors(request, user)
    links = {
        "change_url": onward(request, "staff_login"),
        "resend_url": onward(request, "staff_login_resend"),
        "recovery_url": onward(request, "staff_login_recovery"),
        "passkey_url": onward(request, "staff_login_second"),
        "passkeys": factors.passkeys,
        "party": party(request),
        "by_app": factors.app,
    }
    by_app = factors.app
    if factors and not by_app:
        return {"form": None, **links}
    schema = AppCodeEntry() if by_app else CodeEntry()
    form = BoundForm(request, schema, buttons=(Button(title=_("Confirm and sign in"), css_class=WIDE),))

    def enter(values: Values) -> ViewResult:
        if by_app:
            outcome = check_app(request, user, values["code"], realm="staff", challenge=challenge)
        else:
            by = after_password(request, challenge.user_id)
            outcome = codes.check(request, challenge, values["code"], staff_id=user.id, by=by)
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _finish(request, by="totp" if by_app else "code")

    answer = form.handle(enter)
    return {**answer, **codes.context(request, challenge), **links} if isinstance(answer, dict) else answer


def second(request: Request) -> ViewResult:
    """Verify the answer of a passkey after the password."""
    _challenge, user = waiting(request)
    if user is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    if check_passkey(request, "second", user=user) is None:
        return HTTPSeeOther(onward(request, "staff_login_code"))
    return _finish(request, by="password and passkey")


def resend(request: Request) -> ViewResult:
    """Send another code to the same member of staff."""
    challenge, user = waiting(request)
    if challenge is None or user is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    if not _factors(request, user):
        codes.send(request, "staff", challenge.mobile, user, by=after_password(request, challenge.user_id))
    return HTTPSeeOther(onward(request, "staff_login_code"))


def recovery(request: Request) -> ViewResult:
    """Verify a recovery code instead of an app's code or a passkey."""
    challenge, user = waiting(request)
    if challenge is None or user is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    form = BoundForm(
        request, RecoveryEntry(), buttons=(Button(title=_("Confirm and sign in"), css_class=WIDE),)
    )

    def enter(values: Values) -> ViewResult:
        outcome = check_recovery(request, user, values["code"], realm="staff", challenge=challenge)
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _finish(request, by="recovery")

    return form.handle(enter, code_url=onward(request, "staff_login_code"))


def _ask_second(request: Request, proof: Proof) -> None:
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = work.session.get_one(User, proof.user_id)
        factors = work.get(FactorService).of(user)
    token = request.ensure_session_token()
    if not factors:
        codes.send(request, "staff", user.mobile or "", user, by=after_password(request, user.id))
    else:
        request.work.get(OtpService).ask("staff", "", token_hash(token), user=user, sms=False)
    request.session.pop_flash(SHOWN)
    request.session.flash(astuple(proof), SHOWN)


def _factors(request: Request, user: User) -> Factors:
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return work.get(FactorService).of(user)


def waiting(request: Request) -> tuple[OtpChallenge, User] | tuple[None, None]:
    """Return the challenge and the person after the password, or None for both when it is no longer valid."""
    challenge = codes.latest(request, "staff")
    if challenge is None:
        return None, None
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = _who_has_shown(request, work)
    return (challenge, user) if user and user.id == challenge.user_id else (None, None)


def _who_has_shown(request: Request, work: Work, *, lock: bool = False) -> User | None:
    """Return the person who has entered the password in this browser.

    It is None when it is no longer valid.
    """
    shown = request.session.peek_flash(SHOWN)
    return work.get(ProofService).person(Proof(*shown[-1]), lock=lock) if shown else None


def _finish(request: Request, *, by: str) -> ViewResult:
    user = _who_has_shown(request, request.work, lock=True)
    if user is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    return _enter(request, user, by=by)


def _enter(request: Request, user: User, *, by: str) -> ViewResult:
    request.session.pop_flash(SHOWN)
    kept = sign_in(request, user, "staff", by=by)
    return HTTPSeeOther(request.safe_next(kept or "/desk"))
