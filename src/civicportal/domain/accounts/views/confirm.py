"""Re-authentication before sensitive actions."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.passkeys import PasskeyService
from civicportal.domain.accounts.schemas import AppCodeEntry, CodeEntry, PasswordEntry
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.signing import onward, record_refusal
from civicportal.domain.accounts.views import codes
from civicportal.domain.accounts.views.account import own_user
from civicportal.domain.accounts.views.citizen import verified
from civicportal.domain.accounts.views.second_factor import check_app, check_passkey, party
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult


def confirm(request: Request) -> ViewResult:
    """Ask for the password, else for a code by SMS."""
    user = own_user(request)
    others = _others(request, user)
    if user.password_hash:
        answer = _by_password(request, user)
    elif user.username and (others["passkeys"] or others["app_url"]):
        # A person with a strong factor must use it: a code by SMS is weaker.
        answer = {"form": None, "send_url": ""}
    else:
        answer = _by_sms(request, user)
    return {**answer, **others} if isinstance(answer, dict) else answer


def app(request: Request) -> ViewResult:
    """Ask for the code of the authenticator app."""
    user = own_user(request)
    if not user.totp_secret:
        return HTTPSeeOther(onward(request, "account_confirm"))
    form = BoundForm(request, AppCodeEntry(), buttons=(Button(title=_("Confirm")),))

    def check(values: Values) -> ViewResult:
        outcome = check_app(request, user, values["code"], realm="confirm")
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _proved(request)

    answer = form.handle(check, send_url="")
    return {**answer, **_others(request, user), "app_url": ""} if isinstance(answer, dict) else answer


def passkey(request: Request) -> ViewResult:
    """Verify the answer of a passkey."""
    if check_passkey(request, "confirm", user=own_user(request)) is None:
        return HTTPSeeOther(onward(request, "account_confirm"))
    return _proved(request)


def send_code(request: Request) -> ViewResult:
    """Send the code that :func:`confirm` asks for."""
    user = own_user(request)
    codes.send(request, "confirm", user.mobile or "", user)
    return HTTPSeeOther(onward(request, "account_confirm"))


def _others(request: Request, user: User) -> dict[str, object]:
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        passkeys = work.get(PasskeyService).usable(user, "confirm")
    return {
        "passkeys": passkeys,
        "party": party(request),
        "passkey_url": onward(request, "account_confirm_passkey"),
        "app_url": onward(request, "account_confirm_app") if user.totp_secret else "",
    }


def _by_sms(request: Request, user: User) -> ViewResult:
    challenge = codes.latest(request, "confirm")
    if challenge is None:
        return {"form": None, "mobile": user.mobile, "send_url": onward(request, "account_confirm_code")}
    form = BoundForm(request, CodeEntry(), buttons=(Button(title=_("Confirm")),))

    def check(values: Values) -> ViewResult:
        outcome = codes.check(request, challenge, values["code"], staff_id=user.id)
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _proved(request)

    answer = form.handle(check, send_url=onward(request, "account_confirm_code"))
    return {**answer, **codes.context(request, challenge)} if isinstance(answer, dict) else answer


def _by_password(request: Request, user: User) -> ViewResult:
    form = BoundForm(request, PasswordEntry(), buttons=(Button(title=_("Confirm")),))

    def check(values: Values) -> ViewResult:
        if verified(request, f"user {user.id}", values["password"], User.id == user.id) is None:
            record_refusal(request, "confirm", user.id, "password")
            form.refuse("password", _("The password is not correct."))
        return _proved(request)

    return form.handle(check, send_url="")


def _proved(request: Request) -> HTTPSeeOther:
    request.work.get(SessionService).prove(request.identity.session_id)
    return HTTPSeeOther(request.safe_next("/account"))
