"""The staff's door: user name and password, then a code by SMS, of an app, or from the list of recovery codes."""

from dataclasses import astuple
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.accounts.guards import after_password, attempt, code_uses
from civicportal.accounts.models import OtpChallenge, User
from civicportal.accounts.otp import OtpService, Outcome
from civicportal.accounts.proofs import Proof, ProofService
from civicportal.accounts.schemas import AppCodeEntry, CodeEntry, RecoveryEntry, StaffPassword
from civicportal.accounts.signing import onward, record_refusal, sign_in
from civicportal.accounts.totp import TotpService, match_recovery_code
from civicportal.accounts.views import codes
from civicportal.accounts.views.citizen import WIDE, verified
from civicportal.crypto import token_hash
from civicportal.forms import BoundForm, Button, handle_form
from civicportal.i18n import _
from civicportal.work import Work

SHOWN = "staff_password"
"""Queue of the next page for who has shown the password, signed. Kept in the row of a session that has ended, it would make the
row a visitor's before the second proof: nobody could tell any more whose words are sent from another tab."""


def login(request: Any) -> Any:
    """Ask for user name and password."""
    if request.identity.is_staff:
        return HTTPSeeOther(request.safe_next("/desk"))
    button = Button(title=_("Continue"), css_class=WIDE)
    form = BoundForm(request, StaffPassword(), buttons=(button,), ceilings=("password_site",))

    def enter(values: dict[str, Any]) -> Any:
        username = values["username"]
        proof = verified(request, username, values["password"], User.username == username)
        if proof is None:
            record_refusal(request, "staff", None, "password")
            form.refuse("", _("User name or password is not correct."))
        _ask_second(request, proof)
        return HTTPSeeOther(onward(request, "staff_login_code"))

    return handle_form(request, form, enter, codes_arrive=codes.codes_arrive(request))


def code(request: Any) -> Any:
    """Ask for the second proof."""
    challenge, user = _waiting(request)
    if challenge is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    by_app = bool(user.totp_secret)
    schema = AppCodeEntry() if by_app else CodeEntry()
    form = BoundForm(request, schema, buttons=(Button(title=_("Confirm and sign in"), css_class=WIDE),))

    def enter(values: dict[str, Any]) -> Any:
        if by_app:
            outcome = _check_app(request, challenge, values["code"])
        else:
            by = after_password(request, challenge.user_id)
            outcome = codes.check(request, challenge, values["code"], staff_id=user.id, by=by)
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _enter(request, by="totp" if by_app else "code")

    answer = handle_form(request, form, enter)
    if not isinstance(answer, dict):
        return answer
    links = {
        "change_url": onward(request, "staff_login"),
        "resend_url": onward(request, "staff_login_resend"),
        "recovery_url": onward(request, "staff_login_recovery"),
    }
    return {**answer, **codes.context(request, challenge), **links, "by_app": by_app}


def resend(request: Any) -> Any:
    """Send another code to the same member of staff."""
    challenge, user = _waiting(request)
    if challenge is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    if not user.totp_secret:
        codes.send(request, "staff", challenge.mobile, user, by=after_password(request, challenge.user_id))
    return HTTPSeeOther(onward(request, "staff_login_code"))


def recovery(request: Any) -> Any:
    """Take a recovery code in the place of the app's."""
    challenge, _user = _waiting(request)
    if challenge is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    form = BoundForm(
        request, RecoveryEntry(), buttons=(Button(title=_("Confirm and sign in"), css_class=WIDE),)
    )

    def enter(values: dict[str, Any]) -> Any:
        outcome = _check_recovery(request, challenge, values["code"])
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _enter(request, by="recovery")

    return handle_form(request, form, enter, code_url=onward(request, "staff_login_code"))


def _ask_second(request: Any, proof: Proof) -> None:
    with request.site.work(actor=request.identity, write=False) as work:
        user = work.session.get(User, proof.user_id)
    token = request.ensure_session_token()
    if not user.totp_secret:
        codes.send(request, "staff", user.mobile or "", user, by=after_password(request, user.id))
    else:
        request.work.get(OtpService).ask("staff", "", token_hash(token), user=user, sms=False)
    request.session.pop_flash(SHOWN)
    request.session.flash(astuple(proof), SHOWN)


def _waiting(request: Any) -> tuple[Any, Any]:
    """Return the challenge whose holder has shown the password, and that person; nobody when it counts no longer."""
    challenge = codes.latest(request, "staff")
    if challenge is None:
        return None, None
    with request.site.work(actor=request.identity, write=False) as work:
        user = _who_has_shown(request, work)
    return (challenge, user) if user and user.id == challenge.user_id else (None, None)


def _who_has_shown(request: Any, work: Work, *, lock: bool = False) -> User | None:
    """Return who has shown the password in this browser; None when it counts no longer."""
    shown = request.session.peek_flash(SHOWN)
    return work.get(ProofService).person(Proof(*shown[-1]), lock=lock) if shown else None


def _check_app(request: Any, challenge: OtpChallenge, code: str) -> Outcome:
    cookie = token_hash(request.session_token)
    with attempt(
        request, *code_uses(request, challenge.user_id), by=after_password(request, challenge.user_id)
    ) as trying:
        with request.site.work(actor=request.identity) as work:
            user, totp = work.session.get(User, challenge.user_id), work.get(TotpService)
            outcome = work.get(OtpService).settle(challenge.id, cookie, lambda: totp.accept(user, code))
        trying.good = outcome == "accepted"
    return _noted(request, challenge, outcome)


def _check_recovery(request: Any, challenge: OtpChallenge, code: str) -> Outcome:
    cookie = token_hash(request.session_token)
    with attempt(
        request, *code_uses(request, challenge.user_id), by=after_password(request, challenge.user_id)
    ) as trying:
        with request.site.work(actor=request.identity, write=False) as work:
            hashes = work.get(TotpService).recovery_hashes(challenge.user_id)
        code_id = match_recovery_code(hashes, code)
        with request.site.work(actor=request.identity) as work:
            use = work.get(TotpService).use_recovery_code
            outcome = work.get(OtpService).settle(
                challenge.id, cookie, lambda: code_id is not None and use(code_id)
            )
        trying.good = outcome == "accepted"
    return _noted(request, challenge, outcome)


def _noted(request: Any, challenge: OtpChallenge, outcome: Outcome) -> Outcome:
    if outcome != "accepted":
        record_refusal(request, "staff", challenge.user_id, outcome)
    return outcome


def _enter(request: Any, *, by: str) -> Any:
    user = _who_has_shown(request, request.work, lock=True)
    if user is None:
        return HTTPSeeOther(onward(request, "staff_login"))
    request.session.pop_flash(SHOWN)
    kept = sign_in(request, user, "staff", by=by)
    return HTTPSeeOther(request.safe_next(kept or "/desk"))
