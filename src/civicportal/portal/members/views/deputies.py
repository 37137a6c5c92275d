"""Deputies, set by the absent person or by an administrator of members."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.permissions import UNATTENDED
from civicportal.domain.accounts.step_up import prove
from civicportal.domain.kartable.views.unattended import warn_unattended
from civicportal.portal.members.views.page import (
    absence_form,
    absence_path,
    member_page,
    member_path,
    numbered,
    role_form,
)
from civicportal.util.errors import Forbidden, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button, FormInvalid
from civicportal.web.request import Request, ViewResult

SET, ENDED = _("The deputy is set and told by SMS."), _("The deputyship is called off.")
BUTTON = Button(title=_("Set the deputy"))


def add(request: Request) -> ViewResult:
    """Set the deputy of a member."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = work.get(MemberService).fetch(numbered(request))
        absence = absence_form(request, work, user, f"{member_path(request)}/deputies")
        form = role_form(request, work)
    if asked := prove(request, absence, back=absence_path(request)):
        return asked
    try:
        _set(request, absence, absence.validate(request.POST), user.id)
    except FormInvalid:
        return member_page(request, form=form, absence=absence, status=422)
    request.session.flash(request.translate(SET), "good")
    return HTTPSeeOther(member_path(request))


def end(request: Request) -> HTTPSeeOther:
    """Remove the deputy of a member."""
    user = request.work.get(MemberService).fetch(numbered(request))
    return _end(request, user, member_path(request))


def own(request: Request) -> ViewResult:
    """Set the actor's own deputy for the days of an absence."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = work.get(MemberService).fetch(request.identity.person_id)
        form = absence_form(request, work, user, "")
        form.buttons = (BUTTON,)
        service = work.get(DeputyService)
        rows, stands_in = service.of(user), service.for_whom(user)
    if asked := prove(request, form, shows=True):
        return asked

    def save(values: Values) -> HTTPSeeOther:
        _set(request, form, values, user.id)
        request.session.flash(request.translate(SET), "good")
        return HTTPSeeOther(request.route_path("account_deputy"))

    return form.handle(save, deputies=rows, stands_in=stands_in)


def end_own(request: Request) -> HTTPSeeOther:
    """Remove the actor's own deputy."""
    user = request.work.get(MemberService).fetch(request.identity.person_id)
    return _end(request, user, request.route_path("account_deputy"))


def _set(request: Request, form: BoundForm, values: Values, user_id: int) -> None:
    absent = request.work.get(MemberService).fetch(user_id, lock=True)
    try:
        request.work.get(DeputyService).add(absent, int(values["deputy"]), values["first"], values["last"])
    except Forbidden:
        form.refuse(
            "deputy", _("Only who holds the same rights, or the person themselves, sets their deputy.")
        )
    except Refused as refusal:
        form.refuse("first", refusal.reason)


def _end(request: Request, user: User, path: str) -> HTTPSeeOther:
    request.work.get(DeputyService).end(user, numbered(request, "number"))
    request.session.flash(request.translate(ENDED), "good")
    if request.identity.permits(UNATTENDED):
        warn_unattended(request, request.work)
    return HTTPSeeOther(path)
