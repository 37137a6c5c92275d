"""Roles: the matrix of all, and each with its rights."""

from typing import TypedDict

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.translated import text_in
from civicportal.core.work import Work
from civicportal.domain.accounts.models import Role
from civicportal.domain.accounts.roles import Group, RoleService, UnlimitedRights
from civicportal.domain.accounts.step_up import ask_proof, prove
from civicportal.domain.kartable.views.unattended import warn_unattended
from civicportal.portal.members.schemas import NewRole, RoleDeletion, RoleEntry
from civicportal.portal.members.views.page import numbered
from civicportal.util.errors import Conflict, Forbidden, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.forms.translated import TranslatedFields
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option

NOT_YOURS = _("You may put into an access level only rights that you have yourself, in every unit.")
STALE = _("A colleague changed this access level while you were writing. Check the changes and send again.")


def roles(request: Request) -> dict[str, object]:
    """Show the matrix of roles and rights."""
    service = request.work.get(RoleService)
    found = service.all()
    return {
        "roles": found,
        "rights": {role.id: service.names(role) for role in found},
        "groups": service.groups(),
        "orphans": service.orphans(),
        "holders": service.holders(),
    }


def new(request: Request) -> ViewResult:
    """Create a role."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        own = [role for role in work.get(RoleService).all() if not role.builtin]
    offered = [Option(value=str(role.id), label=text_in(role, "title", request.locale_name)) for role in own]
    form = BoundForm(
        request,
        NewRole(),
        initial={"like": request.GET.get("like", "")},
        bindings={"roles": offered},
        buttons=(Button(title=_("Go on to its rights")),),
    )
    if asked := prove(request, form):
        return asked

    def make(values: Values) -> HTTPSeeOther:
        service = request.work.get(RoleService)
        try:
            like = service.fetch(int(values["like"])) if values["like"] else None
            made = service.create(values["title"], like=like)
        except Forbidden:
            form.refuse("like", NOT_YOURS)
        except Refused as refusal:
            form.refuse("title", refusal.reason)
        return HTTPSeeOther(request.route_path("admin.role", id=made.id))

    return form.handle(make)


class _Shown(TypedDict):
    """A role as its page shows it."""

    role: Role
    groups: list[Group]
    orphans: set[str]
    asleep: list[str]
    holders: int
    rights: set[str]


def role(request: Request) -> ViewResult:
    """Show and change the name and rights of a role."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        shown = _shown(work, numbered(request))
    form = _rights_form(request, shown)
    if not shown["role"].builtin and (asked := prove(request, form)):
        return asked

    def save(values: Values) -> HTTPSeeOther:
        service = request.work.get(RoleService)
        try:
            service.change(
                service.fetch(numbered(request), lock=True),
                title=values["title"],
                permissions=values["permissions"],
                translations=_translated(request).read(values),
                seen=values["seen"],
            )
        except Forbidden:
            form.refuse("permissions", NOT_YOURS)
        except UnlimitedRights as refusal:
            form.refuse("permissions", refusal.reason)
        except Refused as refusal:
            form.refuse("title", refusal.reason)
        request.session.flash(request.translate(_("The access level was saved.")), "good")
        warn_unattended(request, request.work)
        return HTTPSeeOther(request.route_path("admin.roles"))

    try:
        return form.handle(save, changed=None, languages=_translated(request).groups, **shown)
    except Conflict:
        return _stale(request, form)


def delete(request: Request) -> ViewResult:
    """Delete a role, after showing who holds it."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        shown = _shown(work, numbered(request))
    button = Button(title=_("Delete"), css_class="btn-danger btn-lg")
    form = BoundForm(
        request, RoleDeletion(), initial={"seen": RoleService.seen(shown["role"])}, buttons=(button,)
    )
    if asked := ask_proof(request):
        return asked

    def remove(values: Values) -> HTTPSeeOther:
        service = request.work.get(RoleService)
        found = service.fetch(numbered(request), lock=True)
        if values["seen"] != service.seen(found):
            raise Conflict(f"role {found.id} was changed")
        try:
            service.delete(found)
        except Refused as refusal:
            form.refuse("", refusal.reason)
        request.session.flash(request.translate(_("The access level was deleted.")), "good")
        warn_unattended(request, request.work)
        return HTTPSeeOther(request.route_path("admin.roles"))

    return form.handle(remove, **shown)


def _translated(request: Request) -> TranslatedFields:
    return TranslatedFields(request.site, ("title",))


def _shown(work: Work, role_id: int) -> _Shown:
    service = work.get(RoleService)
    found = service.fetch(role_id)
    return {
        "role": found,
        "groups": service.groups(),
        "orphans": service.orphans(),
        "asleep": sorted(service.asleep(found)),
        "holders": service.holders().get(found.id, 0),
        "rights": service.names(found),
    }


def _rights_form(request: Request, shown: _Shown) -> BoundForm:
    found = shown["role"]
    permissions = [
        Option(value=right.name, label=right.title)
        for group in shown["groups"]
        for right in group.permissions
    ]
    translated = _translated(request)
    initial = {
        **translated.initial(found.translations),
        "seen": RoleService.seen(found),
        "title": found.title,
        "permissions": sorted(shown["rights"]),
    }
    return BoundForm(
        request, translated.add_to(RoleEntry()), initial=initial, bindings={"permissions": permissions}
    )


def _stale(request: Request, form: BoundForm) -> dict[str, object]:
    """Show the submitted form beside the role's current state."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        shown = _shown(work, numbered(request))
    typed = {name: texts for name, texts in form.draft().items() if name != "seen"}
    form.fill({**typed, "seen": [RoleService.seen(shown["role"])]})
    form.fail("", STALE)
    request.response.status_int = 409
    languages = _translated(request).groups
    return {"form": form, "changed": shown["rights"], "languages": languages, **shown}
