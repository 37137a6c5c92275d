"""A new mobile number for a member of staff."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.mobile import MobileService, MobileTaken
from civicportal.domain.accounts.step_up import prove
from civicportal.portal.members.schemas import MemberMobile
from civicportal.portal.members.views.page import member_path, numbered
from civicportal.util.errors import Forbidden, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult


def mobile(request: Request) -> ViewResult:
    """Show the form, and change the number."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        user = work.get(MemberService).fetch(numbered(request))
    form = BoundForm(request, MemberMobile(), buttons=(Button(title=_("Change the number")),))
    if asked := prove(request, form):
        return asked

    def change(values: Values) -> HTTPSeeOther:
        person = request.work.get(MemberService).fetch(user.id, lock=True)
        if values["mobile"] == person.mobile:
            form.refuse("mobile", _("This is the number of this person already."))
        try:
            request.work.get(MobileService).replace(person, values["mobile"])
        except MobileTaken:
            form.refuse("mobile", _("This number belongs to another account."))
        except Forbidden:
            form.refuse("", _("This person may do more than you: ask an administrator."))
        except Refused as refusal:
            form.refuse("", refusal.reason)
        done = _(
            "The number was changed. The person was signed out everywhere, and the former number was told."
        )
        request.session.flash(request.translate(done), "good")
        return HTTPSeeOther(member_path(request))

    return form.handle(change, user=user)
