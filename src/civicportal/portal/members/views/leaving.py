"""Members who leave or return, and their open cases."""

from collections.abc import Callable

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.step_up import ask_proof, prove
from civicportal.domain.kartable.transfer import TransferResult, TransferService, transfer
from civicportal.domain.kartable.views.unattended import warn_unattended
from civicportal.portal.members.options import people_options
from civicportal.portal.members.schemas import CaseTransferEntry
from civicportal.portal.members.views.page import member_path, numbered
from civicportal.util.errors import Refused
from civicportal.util.i18n import _, localized_digits
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult

Deed = Callable[[MemberService, User], None]


def disable(request: Request) -> ViewResult:
    """Disable a member's account, after asking where their open cases go."""
    done = _("The account is disabled and signed out everywhere.")
    return _leave(request, "disable", MemberService.disable, Button(title=_("Disable")), done)


def delete(request: Request) -> ViewResult:
    """Delete a member, after asking where their open cases go."""
    done = _("The account is deleted; it can be brought back for 30 days.")
    button = Button(title=_("Delete"), css_class="btn-danger btn-lg")
    return _leave(request, "delete", MemberService.delete, button, done)


def pass_on(request: Request) -> ViewResult:
    """Transfer the open cases of a member who stays."""
    done = _("What was open is passed on.")
    return _leave(request, "transfer", _stay, Button(title=_("Pass on")), done)


def enable(request: Request) -> HTTPSeeOther:
    """Enable a member's account again."""
    return _return(request, MemberService.enable, _("The account is open again."))


def restore(request: Request) -> HTTPSeeOther:
    """Restore a deleted member."""
    return _return(request, MemberService.restore, _("The account is back."))


def _stay(_service: MemberService, _user: User) -> None:
    """Change nothing: the person stays, and only their open cases are transferred."""


def _leave(request: Request, deed: str, act: Deed, button: Button, done: TranslationString) -> ViewResult:
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = work.get(MemberService).fetch(numbered(request))
        open_referrals = work.get(TransferService).open_referrals(user.id)
        heirs = people_options(work.get(TransferService).heirs(user.id))
    form = BoundForm(
        request, CaseTransferEntry(), initial={"way": "unit"}, bindings={"heirs": heirs}, buttons=(button,)
    )
    if asked := prove(request, form):
        return asked

    def leave(values: Values) -> HTTPSeeOther:
        try:
            # A separate transaction: the transfer afterwards consists of many short ones.
            with request.site.work(actor=request.identity, locale=request.locale_name) as work:
                service = work.get(MemberService)
                act(service, service.fetch(user.id, lock=True))
        except Refused as refusal:
            form.refuse("", refusal.reason)
        moved = _pass_on(request, user, values)
        request.session.flash(request.translate(done), "good")
        _tell(request, moved)
        with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            warn_unattended(request, work)
        unfinished = moved is not None and moved.left
        return HTTPSeeOther(
            request.route_path("admin.member_transfer", id=user.id) if unfinished else member_path(request)
        )

    return form.handle(leave, user=user, open_referrals=open_referrals, heirs=heirs, deed=deed)


def _pass_on(request: Request, user: User, values: Values) -> TransferResult | None:
    if values["way"] == "keep":
        return None
    heir = int(values["heir"]) if values["way"] == "colleague" else None
    return transfer(request.site, request.identity, user.id, heir_id=heir, note=values["note"])


def _tell(request: Request, moved: TransferResult | None) -> None:
    if moved is None or not (moved.total or moved.left):
        return
    counts = {"n": moved.to_colleague, "m": moved.to_units, "left": moved.left}
    mapping = {name: str(number) for name, number in counts.items()}
    text = request.translate(_("Passed on: ${n} to the colleague, ${m} to the units.", mapping=mapping))
    if moved.left:
        rest = _("${left} are left; press once more to go on.", mapping=mapping)
        text = f"{text} {request.translate(rest)}"
    request.session.flash(localized_digits(text, request.locale_name), "warn" if moved.left else "good")


def _return(request: Request, act: Deed, done: TranslationString) -> HTTPSeeOther:
    if asked := ask_proof(request, back=member_path(request)):
        return asked
    service = request.work.get(MemberService)
    try:
        act(service, service.fetch(numbered(request), lock=True))
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
    else:
        request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(member_path(request))
