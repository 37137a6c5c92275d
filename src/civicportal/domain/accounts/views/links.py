"""Pages of personal links."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.invitations import InvitationService, LinkExpired
from civicportal.domain.accounts.models import Invitation, User
from civicportal.domain.accounts.passwords import STAFF_MINIMUM, check_password_policy
from civicportal.domain.accounts.schemas import JoinEntry, NewPassword, ResetByLink
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.signing import sign_in
from civicportal.domain.accounts.views import codes
from civicportal.domain.accounts.views.citizen import WIDE
from civicportal.util.errors import NotFound, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web import errors
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult

SPENT = _("This link was used or has expired. Ask the sender for a new one.")
PURPOSES = {"join": "staff_invite", "reset": "staff_reset_link"}


def invite(request: Request) -> ViewResult:
    """Verify the mobile of an invited person."""
    return _page(request, "join")


def reset(request: Request) -> ViewResult:
    """Verify the mobile of a reset link's person, who chooses a password."""
    return _page(request, "reset")


def send_invite(request: Request) -> ViewResult:
    """Send the code to an invited person."""
    return _send(request, "join")


def send_reset(request: Request) -> ViewResult:
    """Send the code to the person of a reset link."""
    return _send(request, "reset")


def _page(request: Request, purpose: str) -> ViewResult:
    try:
        invitation, person = _read(request, purpose)
    except LinkExpired:
        return errors.page(request, 410, message=request.translate(SPENT))
    challenge = codes.latest(request, "invite")
    context = {
        "invitation": invitation,
        "minimum": STAFF_MINIMUM,
        "send_url": request.route_path(f"{PURPOSES[purpose]}_code", token=request.matchdict["token"]),
    }
    if challenge is None or challenge.mobile != invitation.mobile:
        return {"form": None, "codes_arrive": codes.codes_arrive(request), **context}
    joins = purpose == "join"
    form = BoundForm(
        request,
        JoinEntry() if joins else ResetByLink(),
        initial={"name": invitation.name},
        buttons=(Button(title=_("Confirm and sign in"), css_class=WIDE),),
    )

    def enter(values: Values) -> ViewResult:
        person.name = values.get("name") or person.name
        words = request.work.get(AccountService).password_words(person)
        problem = check_password_policy(values["new"], minimum=STAFF_MINIMUM, words=words)
        if problem:
            form.refuse("new", problem)
        outcome = codes.check(request, challenge, values["code"], staff_id=f"link {invitation.id}")
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return _accept(request, form, invitation, values)

    try:
        answer = form.handle(enter, **codes.context(request, challenge), **context)
    except LinkExpired:
        return errors.page(request, 410, message=request.translate(SPENT))
    return answer


def _accept(request: Request, form: BoundForm, invitation: Invitation, values: Values) -> HTTPSeeOther:
    service = request.work.get(InvitationService)
    invitation = service.open(request.matchdict["token"], invitation.purpose)
    if invitation.purpose == "join":
        try:
            user = service.accept(invitation, name=values["name"], password=values["new"])
        except Refused as refusal:
            form.refuse("", refusal.reason)
    else:
        user = service.accept_reset(invitation, values["new"])
    return complete_sign_in(request, user, by="invitation" if invitation.purpose == "join" else "reset")


def rescue(request: Request) -> ViewResult:
    """Set a password with a rescue link, without a code by SMS.

    A new factor is set up next.
    """
    try:
        invitation, person = _read(request, "rescue")
    except LinkExpired:
        return errors.page(request, 410, message=request.translate(SPENT))
    form = BoundForm(
        request, NewPassword(), buttons=(Button(title=_("Confirm and sign in"), css_class=WIDE),)
    )

    def enter(values: Values) -> HTTPSeeOther:
        words = request.work.get(AccountService).password_words(person)
        problem = check_password_policy(values["new"], minimum=STAFF_MINIMUM, words=words)
        if problem:
            form.refuse("new", problem)
        service = request.work.get(InvitationService)
        user = service.accept_reset(service.open(request.matchdict["token"], "rescue"), values["new"])
        sign_in(request, user, "staff", by="rescue")
        return HTTPSeeOther(request.route_path("account_factor"))

    try:
        return form.handle(enter, invitation=invitation, minimum=STAFF_MINIMUM)
    except LinkExpired:
        return errors.page(request, 410, message=request.translate(SPENT))


def complete_sign_in(request: Request, user: User, *, by: str) -> HTTPSeeOther:
    """Sign in a person after setting a password.

    A person with a strong factor must use that too.
    """
    if request.work.get(FactorService).of(user):
        request.session.flash(request.translate(_("Your password is set. Please sign in with it.")), "good")
        return HTTPSeeOther(request.route_path("staff_login"))
    sign_in(request, user, "staff", by=by)
    return HTTPSeeOther("/desk")


def _send(request: Request, purpose: str) -> ViewResult:
    try:
        invitation, _person = _read(request, purpose)
    except LinkExpired:
        return errors.page(request, 410, message=request.translate(SPENT))
    codes.send(request, "invite", invitation.mobile)
    return HTTPSeeOther(request.route_path(PURPOSES[purpose], token=request.matchdict["token"]))


def _read(request: Request, purpose: str) -> tuple[Invitation, User]:
    """Return the invitation of the link with its person, if any.

    :raises NotFound: when there is no such link, or its person is gone.
    :raises LinkExpired: when it is not valid any more.
    """
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        invitation = work.get(InvitationService).open(request.matchdict["token"], purpose)
        if purpose == "join":
            return invitation, User(
                username=invitation.username, name=invitation.name, mobile=invitation.mobile
            )
        person = work.session.get(User, invitation.user_id)
        if person is None or person.disabled_at or person.deleted_at:
            raise NotFound("the person of this link is gone")
        return invitation, person
