"""Invitations and password links for staff.

A link is shown once; only its hash is stored.
"""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.errors import NumberTaken, UsernameTaken
from civicportal.domain.accounts.invitations import InvitationService, Scope
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import Invitation
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.step_up import ask_proof, prove
from civicportal.portal.members.options import chosen_scope, scope_options
from civicportal.portal.members.schemas import SCOPES, InvitationEntry
from civicportal.portal.members.views.member import NOT_YOURS
from civicportal.portal.members.views.page import member_path, numbered
from civicportal.util.errors import Forbidden, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult


def invitations(request: Request) -> dict[str, object]:
    """List the unused invitations."""
    service = request.work.get(InvitationService)
    rows = service.waiting()
    return {
        "rows": [(row, service.scopes(row)) for row in rows],
        "names": request.work.get(AccountService).names(row.inviter_id for row in rows),
        "now": request.site.clock.now(),
    }


def invite(request: Request) -> ViewResult:
    """Show the invitation form, then the link."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        bindings = scope_options(work)
    button = Button(title=_("Make the invitation"))
    form = BoundForm(request, InvitationEntry(), bindings=bindings, buttons=(button,))
    if asked := prove(request, form):
        return asked

    def make(values: Values) -> dict[str, object]:
        scopes = [
            Scope(**chosen_scope(request.work, values, ending))
            for ending in SCOPES
            if values[f"role{ending}"]
        ]
        person = {name: values[name] for name in ("username", "name", "mobile")}
        try:
            invitation, token = request.work.get(InvitationService).invite(**person, scopes=scopes)
        except Forbidden:
            form.refuse("role", NOT_YOURS)
        except UsernameTaken as refusal:
            form.refuse("username", refusal.reason)
        except NumberTaken as refusal:
            form.refuse("mobile", refusal.reason)
        except Refused as refusal:
            form.refuse("role", refusal.reason)
        return {"form": None, **_link(request, invitation, token)}

    return form.handle(make)


def again(request: Request) -> ViewResult:
    """Create a new link for an invitation and show it."""
    if asked := ask_proof(request, back=request.route_path("admin.invitations")):
        return asked
    service = request.work.get(InvitationService)
    invitation = service.fetch(numbered(request))
    try:
        token = service.renew(invitation)
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
        return HTTPSeeOther(request.route_path("admin.invitations"))
    return _link(request, invitation, token)


def revoke(request: Request) -> HTTPSeeOther:
    """Revoke an invitation."""
    service = request.work.get(InvitationService)
    service.revoke(service.fetch(numbered(request)))
    request.session.flash(
        request.translate(_("The invitation is called off; its link opens nothing.")), "good"
    )
    return HTTPSeeOther(request.route_path("admin.invitations"))


def reset(request: Request) -> ViewResult:
    """Create and show a password link."""
    if asked := ask_proof(request, back=member_path(request)):
        return asked
    user = request.work.get(MemberService).fetch(numbered(request), lock=True)
    try:
        invitation, token = request.work.get(InvitationService).reset(user)
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
        return HTTPSeeOther(member_path(request))
    return _link(request, invitation, token)


def _link(request: Request, invitation: Invitation, token: str) -> dict[str, object]:
    route = "staff_invite" if invitation.purpose == "join" else "staff_reset_link"
    base = request.site.public_url or request.host_url
    return {"invitation": invitation, "link": f"{base}{request.route_path(route, token=token)}"}
