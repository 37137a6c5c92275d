"""Pages of people's own data: notification preferences, access log, export, deletion."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.schemas import CodeEntry
from civicportal.domain.accounts.signing import sign_out
from civicportal.domain.accounts.views import codes
from civicportal.domain.accounts.views.account import own_user, proved
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.choices import NotificationPreferences, PreferenceService
from civicportal.domain.privacy.data_access import DataAccessService
from civicportal.domain.privacy.export import stream
from civicportal.domain.privacy.leaving import ContinuedCase, LeavingService
from civicportal.domain.privacy.schemas import ChoicesEntry, StaffChoicesEntry
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import whole_number


def notifications(request: Request) -> ViewResult:
    """Show and save notification preferences."""
    user = own_user(request)
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        present = work.get(PreferenceService).of(user.id)
    schema = StaffChoicesEntry() if user.username else ChoicesEntry()
    form = BoundForm(request, schema, initial=asdict(present))

    def save(values: Values) -> ViewResult:
        request.work.get(PreferenceService).save(
            user.id, NotificationPreferences(**{**asdict(present), **values})
        )
        request.session.flash(request.translate(_("Your choice is kept.")), "good")
        return HTTPSeeOther(request.route_path("account"))

    return form.handle(save)


def access(request: Request) -> dict[str, object]:
    """Show which staff accessed the person's data."""
    before = whole_number(request.GET.get("before", "")) or None
    page = request.work.get(DataAccessService).of(request.identity.person_id, before=before)
    return {"accesses": page.accesses, "next": page.next, "first": before is None}


@proved
def data(_request: Request) -> dict[str, object]:
    """Explain and offer the export."""
    return {}


@proved
def download(request: Request) -> Response:
    """Stream the export.

    :raises LimitExceeded: when it was downloaded too often today.
    """
    user_id = request.identity.person_id
    request.site.limits.hit("export_person", user_id)
    request.work.get(AuditService).record("data:export", subject_id=user_id)
    name = request.site.calendar.local(request.site.clock.now()).date().isoformat()
    return Response(
        app_iter=stream(request.site, user_id),
        content_type="application/zip",
        content_disposition=f'attachment; filename="my-data-{name}.zip"',
        cache_control="no-store",
    )


def delete(request: Request) -> ViewResult:
    """Delete the account after a confirmation by code."""
    user = own_user(request)
    context = {"user": user, "left": None, "cases": _open_cases(request, user)}
    challenge = codes.latest(request, "leave")
    if user.username or challenge is None or challenge.user_id != user.id:
        if request.method == "POST":
            return HTTPSeeOther(request.route_path("account_delete"))
        return {"form": None, **context}
    form = BoundForm(
        request, CodeEntry(), buttons=(Button(title=_("Delete my account"), css_class="btn-danger"),)
    )

    def leave(values: Values) -> ViewResult:
        outcome = codes.check(request, challenge, values["code"], staff_id=user.id)
        if outcome != "accepted":
            form.refuse("code", codes.WHY_NOT[outcome])
        return {"form": None, **context, "left": _leave(request)}

    answer = form.handle(leave, **context)
    if not isinstance(answer, Mapping) or answer["form"] is None:
        return answer
    return {
        **answer,
        **codes.context(request, challenge),
        "resend_url": request.route_path("account_delete_code"),
    }


def send_code(request: Request) -> ViewResult:
    """Send the code that confirms the deletion."""
    user = own_user(request)
    if user.username or not user.mobile:
        raise NotFound("an administrator deletes this account")
    codes.send(request, "leave", user.mobile, user)
    return HTTPSeeOther(request.route_path("account_delete"))


def _open_cases(request: Request, user: User) -> Sequence[Case]:
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return work.get(LeavingService).open_cases(user)


def _leave(request: Request) -> list[ContinuedCase]:
    user = request.work.session.get_one(User, request.identity.user_id, with_for_update=True)
    left = request.work.get(LeavingService).leave(user)
    request.work.get(AccountMessages).notify("member.left", user)
    sign_out(request)
    return left
