"""Change of the mobile number, verified by a code."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.limits import Use
from civicportal.domain.accounts.guards import visitor
from civicportal.domain.accounts.mobile import MobileService, MobileTaken
from civicportal.domain.accounts.models import OtpChallenge, User
from civicportal.domain.accounts.schemas import CodeEntry, NewMobile
from civicportal.domain.accounts.views import codes
from civicportal.domain.accounts.views.account import changes, own_user
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult


@changes
def mobile(request: Request) -> ViewResult:
    """Ask for the new number, and send a code to it.

    Only after the code was entered does the page say that the number belongs to another account.
    """
    user = own_user(request)
    form = BoundForm(request, NewMobile(), buttons=(Button(title=_("Get the code by SMS")),))

    def send(values: Values) -> ViewResult:
        if values["mobile"] == user.mobile:
            form.refuse("mobile", _("This is the number you have already."))
        request.site.limits.check("mobile_change", user.id)
        _send(request, values["mobile"], user)
        return HTTPSeeOther(request.route_path("account_mobile_code"))

    return form.handle(send, mobile=user.mobile, codes_arrive=codes.codes_arrive(request))


@changes
def code(request: Request) -> ViewResult:
    """Ask for the code, and change the number."""
    challenge = _waiting(request)
    if challenge is None:
        return HTTPSeeOther(request.route_path("account_mobile"))
    form = BoundForm(request, CodeEntry(), buttons=(Button(title=_("Confirm and change")),))

    def change(values: Values) -> ViewResult:
        outcome = codes.check(request, challenge, values["code"], staff_id=request.identity.user_id)
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _change(request, form, challenge.mobile)

    answer = form.handle(change, resend_url=request.route_path("account_mobile_resend"))
    return {**answer, **codes.context(request, challenge)} if isinstance(answer, dict) else answer


@changes
def resend(request: Request) -> ViewResult:
    """Send another code to the same number."""
    challenge = _waiting(request)
    if challenge is None:
        return HTTPSeeOther(request.route_path("account_mobile"))
    _send(request, challenge.mobile, own_user(request))
    return HTTPSeeOther(request.route_path("account_mobile_code"))


def _send(request: Request, mobile: str, user: User) -> None:
    """Send a code to a new number."""
    uses: tuple[Use, ...] = (("otp_send_new", mobile), ("mobile_change_codes", user.id))
    codes.send(request, "mobile_change", mobile, user, by=visitor(request), uses=uses)


def _waiting(request: Request) -> OtpChallenge | None:
    """Return this person's challenge in this browser."""
    challenge = codes.latest(request, "mobile_change")
    return challenge if challenge and challenge.user_id == request.identity.user_id else None


def _change(request: Request, form: BoundForm, mobile: str) -> ViewResult:
    request.site.limits.hit("mobile_change", request.identity.user_id)
    user = request.work.session.get_one(User, request.identity.user_id)
    try:
        request.work.get(MobileService).change(user, mobile)
    except MobileTaken:
        form.refuse(
            "", _("This number belongs to another account. Sign in with it, or choose another number.")
        )
    request.session.flash(
        request.translate(_("Your mobile number was changed; other devices have to sign in again.")), "good"
    )
    return HTTPSeeOther(request.route_path("account"))
