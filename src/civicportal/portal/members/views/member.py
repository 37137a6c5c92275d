"""One member: names, roles, sessions."""

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.pending_forms import fill_pending
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.step_up import ask_proof, prove
from civicportal.domain.audit.services import AuditService
from civicportal.domain.kartable.views.unattended import warn_unattended
from civicportal.domain.tokens.services import TokenService
from civicportal.portal.members.options import chosen_scope
from civicportal.portal.members.schemas import CitizenName, StaffNames
from civicportal.portal.members.views.page import member_page, member_path, numbered, role_form
from civicportal.util.errors import Conflict, Forbidden, NotFound, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request, ViewResult

NOT_YOURS = _("You may give only what you have yourself, in that unit and category.")
STALE = _(
    "A colleague changed the access of this person while you were writing. Check the changes and send again."
)


def member(request: Request) -> dict[str, object]:
    """Show a member."""
    form = role_form(request, request.work)
    fill_pending(request, form)
    return member_page(request, form=form)


def edit(request: Request) -> ViewResult:
    """Change the name of a member."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = work.get(MemberService).fetch(numbered(request))
    schema = StaffNames() if user.username else CitizenName()
    form = BoundForm(request, schema, initial={"name": user.name, "username": user.username})
    if asked := prove(request, form):
        return asked

    def save(values: Values) -> HTTPSeeOther:
        service = request.work.get(MemberService)
        try:
            service.edit(
                service.fetch(user.id, lock=True), name=values["name"], username=values.get("username")
            )
        except Refused as refusal:
            form.refuse("username", refusal.reason)
        return _back(request, _("The change was saved."))

    return form.handle(save, user=user)


def give_role(request: Request) -> ViewResult:
    """Grant a role, within a unit and a category."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        work.get(MemberService).fetch(numbered(request))
        form = role_form(request, work)
    if asked := prove(request, form, back=member_path(request)):
        return asked
    status = 422
    try:
        values = form.validate(request.POST)
        _give(request, form, values)
    except FormInvalid:
        pass
    except Conflict:
        status = 409
        form.fail("", STALE)
    else:
        return _back(request, _("The access level was given."))
    return member_page(request, form=form, status=status)


def take_role(request: Request) -> HTTPSeeOther:
    """Revoke a role.

    :raises Conflict: when it has been revoked already.
    """
    if asked := ask_proof(request, back=member_path(request)):
        return asked
    user = request.work.get(MemberService).fetch(numbered(request), lock=True)
    try:
        request.work.get(MembershipService).take(user, numbered(request, "number"))
    except Refused as refusal:
        return _back(request, refusal.reason, tone="bad")
    except NotFound:
        return _back(request, _("The person does not have this access level any more."), tone="warn")
    warn_unattended(request, request.work)
    return _back(request, _("The access level was taken away."))


def end_sessions(request: Request) -> HTTPSeeOther:
    """Sign a member out everywhere."""
    user = request.work.get(MemberService).fetch(numbered(request), lock=True)
    request.work.get(RightsService).require_manage(user)
    request.work.get(SessionService).end_everything(user)
    request.work.get(AuditService).record("session:end-all", subject_id=user.id)
    return _back(request, _("The person has been signed out everywhere."))


def end_token(request: Request) -> HTTPSeeOther:
    """Revoke a token of a member."""
    user = request.work.get(MemberService).fetch(numbered(request), lock=True)
    request.work.get(RightsService).require_manage(user)
    service = request.work.get(TokenService)
    service.revoke(service.fetch(user, numbered(request, "number")))
    return _back(request, _("The token was revoked; it opens nothing any more."))


def remove_factors(request: Request) -> HTTPSeeOther:
    """Remove the second factors of a member who has lost them."""
    if asked := ask_proof(request, back=member_path(request)):
        return asked
    service = request.work.get(MemberService)
    try:
        service.remove_factors(service.fetch(numbered(request), lock=True))
    except Forbidden:
        return _back(request, _("This person may do more than you: ask an administrator."), tone="bad")
    except Refused as refusal:
        return _back(request, refusal.reason, tone="bad")
    return _back(request, _("The second factors were removed; the person was signed out and told by SMS."))


def _give(request: Request, form: BoundForm, values: Values) -> None:
    user = request.work.get(MemberService).fetch(numbered(request), lock=True)
    if user.username is None:
        form.refuse("role", _("Citizens hold no access level: invite the person to the staff first."))
    try:
        request.work.get(MembershipService).give(
            user, **chosen_scope(request.work, values), seen=values["seen"] or None
        )
    except Forbidden:
        form.refuse("role", NOT_YOURS)
    except Refused as refusal:
        form.refuse("role", refusal.reason)


def _back(request: Request, text: TranslationString, *, tone: str = "good") -> HTTPSeeOther:
    """Redirect to the member with a message."""
    request.session.flash(request.translate(text), tone)
    return HTTPSeeOther(member_path(request))
