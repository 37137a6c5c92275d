"""A forgotten password of staff: user name and mobile, the code that comes by SMS, a new password.

What is answered tells nobody whether there is such a member.
"""

from datetime import timedelta
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.accounts import messages
from civicportal.accounts.models import User
from civicportal.accounts.proofs import ProofService, proof_of
from civicportal.accounts.schemas import CodeEntry, NewPassword, ResetEntry
from civicportal.accounts.services import AccountService
from civicportal.accounts.sessions import SessionService
from civicportal.accounts.views import codes
from civicportal.accounts.views.citizen import WIDE
from civicportal.accounts.views.links import let_in
from civicportal.audit.services import AuditService
from civicportal.forms import BoundForm, Button, handle_form
from civicportal.i18n import _
from civicportal.passwords import STAFF_MINIMUM, check_password_policy

PROVED = "password_reset"
"""Under this the browser's session keeps whose mobile was proved."""
LIFE = timedelta(minutes=10)


def reset(request: Any) -> Any:
    """Ask whose password is forgotten, and send a code if both fit."""
    button = Button(title=_("Get the code by SMS"), css_class=WIDE)
    form = BoundForm(request, ResetEntry(), buttons=(button,), ceilings=("otp_send_site",))

    def send(values: dict[str, Any]) -> HTTPSeeOther:
        with request.site.work(actor=request.identity, write=False) as work:
            user = work.get(AccountService).by_username(values["username"])
        fits = user is not None and user.mobile == values["mobile"]
        codes.send(
            request, "password_reset", values["mobile"], user if fits else None, hollow=not fits, anew=True
        )
        return HTTPSeeOther(request.route_path("staff_reset_code"))

    return handle_form(request, form, send, codes_arrive=codes.codes_arrive(request))


def code(request: Any) -> Any:
    """Ask for the code."""
    challenge = codes.latest(request, "password_reset")
    if challenge is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    button = Button(title=_("Continue"), css_class=WIDE)
    form = BoundForm(request, CodeEntry(), buttons=(button,), ceilings=("otp_verify_site",))

    def check(values: dict[str, Any]) -> HTTPSeeOther:
        # Counted by the number: by the account the count would tell that there is one.
        outcome = codes.check(request, challenge, values["code"], staff_id=f"reset {challenge.mobile}")
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        proof = proof_of(request.work.session.get_one(User, challenge.user_id))
        request.work.get(ProofService).keep(request.session_token, PROVED, proof, LIFE)
        return HTTPSeeOther(request.route_path("staff_reset_password"))

    answer = handle_form(request, form, check, resend_url=request.route_path("staff_reset_resend"))
    return {**answer, **codes.context(request, challenge)} if isinstance(answer, dict) else answer


def resend(request: Any) -> HTTPSeeOther:
    """Send another code."""
    challenge = codes.latest(request, "password_reset")
    if challenge is None:
        return HTTPSeeOther(request.route_path("staff_reset"))
    with request.site.work(actor=request.identity, write=False) as work:
        user = None if challenge.hollow else work.session.get(User, challenge.user_id)
    codes.send(request, "password_reset", challenge.mobile, user, hollow=challenge.hollow)
    return HTTPSeeOther(request.route_path("staff_reset_code"))


def password(request: Any) -> Any:
    """Ask for the new password; every session of the person ends."""
    if not _is_proved(request):
        return HTTPSeeOther(request.route_path("staff_reset"))
    form = BoundForm(
        request, NewPassword(), buttons=(Button(title=_("Confirm and sign in"), css_class=WIDE),)
    )

    def save(values: dict[str, Any]) -> HTTPSeeOther:
        accounts = request.work.get(AccountService)
        user = request.work.get(ProofService).person_kept(request.session_token, PROVED, lock=True)
        if user is None or user.disabled_at or user.deleted_at:
            return HTTPSeeOther(request.route_path("staff_reset"))
        words = accounts.password_words(user)
        problem = check_password_policy(values["new"], minimum=STAFF_MINIMUM, words=words)
        if problem:
            form.refuse("new", problem)
        accounts.set_password(user, values["new"])
        sessions = request.work.get(SessionService)
        sessions.forget(request.session_token, PROVED)
        sessions.end_everything(user)
        request.work.get(AuditService).record("password:reset", subject_id=user.id)
        messages.tell(request.work, "member.password_changed", user)
        return let_in(request, user, by="reset")

    return handle_form(request, form, save, minimum=STAFF_MINIMUM)


def _is_proved(request: Any) -> bool:
    if request.session_token is None:
        return False
    with request.site.work(actor=request.identity, write=False) as work:
        return work.get(ProofService).person_kept(request.session_token, PROVED) is not None
