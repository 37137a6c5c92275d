"""Forgotten staff passwords.

Without a strong factor only a link from a colleague helps: the telephone alone must not give access to a staff
account. The answers before the code is right do not reveal whether there is such a member.
"""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.passwords import STAFF_MINIMUM, check_password_policy
from civicportal.domain.accounts.proofs import ProofService, proof_of
from civicportal.domain.accounts.recovery import RecoveryService
from civicportal.domain.accounts.schemas import (
    AppCodeEntry,
    CodeEntry,
    NewPassword,
    RecoveryEntry,
    ResetEntry,
)
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.signing import sign_in
from civicportal.domain.accounts.views import codes
from civicportal.domain.accounts.views.citizen import WIDE
from civicportal.domain.accounts.views.second_factor import check_app, check_passkey, check_recovery, party
from civicportal.domain.audit.services import AuditService
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult

NUMBER = "password_reset_number"
"""Session key of the person whose mobile was verified."""
PROVED = "password_reset"
"""Session key of the person who has used a strong factor besides."""


def reset(request: Request) -> ViewResult:
    """Ask for user name and mobile; send a code on a match."""
    button = Button(title=_("Get the code by SMS"), css_class=WIDE)
    form = BoundForm(request, ResetEntry(), buttons=(button,), site_limits=("otp_send_site",))

    def send(values: Values) -> HTTPSeeOther:
        with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            user = work.get(AccountService).by_username(values["username"])
        fits = user is not None and user.mobile == values["mobile"]
        codes.send(
            request,
            "password_reset",
            values["mobile"],
            user if fits else None,
            hollow=not fits,
            always_new=True,
        )
        return HTTPSeeOther(request.route_path("staff_reset_code"))

    return form.handle(send, codes_arrive=codes.codes_arrive(request))


def code(request: Request) -> ViewResult:
    """Ask for the code."""
    challenge = codes.latest(request, "password_reset")
    if challenge is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    button = Button(title=_("Continue"), css_class=WIDE)
    form = BoundForm(request, CodeEntry(), buttons=(button,), site_limits=("otp_verify_site",))

    def check(values: Values) -> HTTPSeeOther:
        # Counted by number: counting by account would reveal that there is one.
        outcome = codes.check(request, challenge, values["code"], staff_id=f"reset {challenge.mobile}")
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        user = request.work.session.get_one(User, challenge.user_id)
        request.work.get(ProofService).keep(request.ensure_session_token(), NUMBER, proof_of(user))
        request.work.get(AuditService).record("password:reset-asked", subject_id=user.id)
        return HTTPSeeOther(request.route_path("staff_reset_factor"))

    answer = form.handle(check, resend_url=request.route_path("staff_reset_resend"))
    return {**answer, **codes.context(request, challenge)} if isinstance(answer, dict) else answer


def resend(request: Request) -> HTTPSeeOther:
    """Send another code."""
    challenge = codes.latest(request, "password_reset")
    if challenge is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = None if challenge.hollow else work.session.get(User, challenge.user_id)
    codes.send(request, "password_reset", challenge.mobile, user, hollow=challenge.hollow)
    return HTTPSeeOther(request.route_path("staff_reset_code"))


def factor(request: Request) -> ViewResult:
    """Ask for a strong factor, or suggest a colleague's help."""
    user = verified_holder(request)
    if user is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        factors = work.get(FactorService).of(user)
        codes_left = work.get(RecoveryService).left(user)
    context = {"factors": factors, "codes_left": codes_left, "party": party(request)}
    if not factors.app:
        return {"form": None, **context}
    form = BoundForm(request, AppCodeEntry(), buttons=(Button(title=_("Continue"), css_class=WIDE),))

    def check(values: Values) -> HTTPSeeOther:
        outcome = check_app(request, user, values["code"], realm="reset")
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _proved(request)

    return form.handle(check, **context)


def passkey(request: Request) -> HTTPSeeOther:
    """Verify the answer of a passkey."""
    user = verified_holder(request)
    if user is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    if check_passkey(request, "reset", user=user) is None:
        return HTTPSeeOther(request.route_path("staff_reset_factor"))
    return _proved(request)


def recovery(request: Request) -> ViewResult:
    """Verify a recovery code."""
    user = verified_holder(request)
    if user is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    form = BoundForm(request, RecoveryEntry(), buttons=(Button(title=_("Continue"), css_class=WIDE),))

    def check(values: Values) -> HTTPSeeOther:
        outcome = check_recovery(request, user, values["code"], realm="reset")
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _proved(request)

    return form.handle(check, code_url=request.route_path("staff_reset_factor"))


def verified_holder(request: Request) -> User | None:
    """Return the person who has verified the mobile in this browser.

    It is None if that has expired.
    """
    return _kept(request, NUMBER)


def _proved(request: Request) -> HTTPSeeOther:
    """Continue to the new password."""
    proofs, token = request.work.get(ProofService), request.ensure_session_token()
    user = proofs.person_kept(token, NUMBER, lock=True)
    if user is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    proofs.keep(token, PROVED, proof_of(user))
    return HTTPSeeOther(request.route_path("staff_reset_password"))


def password(request: Request) -> ViewResult:
    """Ask for the new password; every session of the person ends."""
    if _kept(request, PROVED) is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    form = BoundForm(
        request, NewPassword(), buttons=(Button(title=_("Confirm and sign in"), css_class=WIDE),)
    )

    def save(values: Values) -> HTTPSeeOther:
        accounts = request.work.get(AccountService)
        user = request.work.get(ProofService).person_kept(request.ensure_session_token(), PROVED, lock=True)
        if user is None or user.disabled_at or user.deleted_at:
            return HTTPSeeOther(request.route_path("staff_reset"))
        words = accounts.password_words(user)
        problem = check_password_policy(values["new"], minimum=STAFF_MINIMUM, words=words)
        if problem:
            form.refuse("new", problem)
        for key in (PROVED, NUMBER):
            request.work.get(SessionService).forget(request.ensure_session_token(), key)
        accounts.reset_password(user, values["new"])
        request.work.get(AuditService).record("password:reset", subject_id=user.id)
        sign_in(request, user, "staff", by="reset")
        return HTTPSeeOther("/desk")

    return form.handle(save, minimum=STAFF_MINIMUM)


def _kept(request: Request, key: str) -> User | None:
    if request.session_token is None:
        return None
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return work.get(ProofService).person_kept(request.ensure_session_token(), key)
