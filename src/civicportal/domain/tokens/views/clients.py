"""Connected programs: machines with access of their own, made by administrators."""

from typing import TypedDict

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.core.translated import text_in
from civicportal.core.work import Work
from civicportal.domain.accounts.models import Role
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.step_up import ask_proof, prove
from civicportal.domain.organization.choices import unit_options
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.tokens.delegation import OAuthService
from civicportal.domain.tokens.models import ApiClient
from civicportal.domain.tokens.schemas import ClientEntry, NewClient, Rotation, days_options, scope_options
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.domain.tokens.services import ClientService
from civicportal.domain.tokens.views.shown import scope_titles, shown
from civicportal.util.errors import Forbidden, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button, FormInvalid
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option, StrictSchema

NOT_YOURS = _("You may give only what you have yourself, in that unit.")


class _Columns(TypedDict):
    """Arguments of ``ClientService.make`` and ``change``."""

    name: str
    note: str
    role: Role | None
    unit: Unit | None
    scopes: list[str]
    redirect_uris: list[str]


def clients(request: Request) -> dict[str, object]:
    """List the connected programs."""
    rows = [
        (client, _place(request, client), shown(request, client.user)) for client in _service(request).all()
    ]
    return {"rows": rows, "enabled": request.site.branding.api_enabled}


def new(request: Request) -> ViewResult:
    """Connect a program, and show its token once."""
    form = _form(request, NewClient(), _("Connect the program"))
    if asked := prove(request, form):
        return asked

    def make(values: Values) -> ViewResult:
        try:
            client, secret = _service(request).make(**_columns(request, values), days=int(values["days"]))
        except Forbidden:
            form.refuse("role", NOT_YOURS)
        except Refused as refusal:
            form.refuse("role", refusal.reason)
        if not secret:
            return HTTPSeeOther(request.route_path("admin.client", id=client.id))
        return {"form": None, "client": client, "secret": secret}

    return form.handle(make)


def client(request: Request) -> ViewResult:
    """Show a connected program, and change it."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        row = work.get(ClientService).fetch(_number(request))
    form = _form(request, ClientEntry(), _("Save"), row)
    if asked := prove(request, form, shows=True):
        return asked

    def change(values: Values) -> HTTPSeeOther:
        service = _service(request)
        try:
            service.change(service.fetch(row.id, lock=True), **_columns(request, values))
        except Forbidden:
            form.refuse("role", NOT_YOURS)
        except Refused as refusal:
            form.refuse("role", refusal.reason)
        request.session.flash(request.translate(_("The change was saved.")), "good")
        return HTTPSeeOther(request.path)

    return form.handle(
        change,
        client=row,
        place=_place(request, row),
        tokens=shown(request, row.user),
        scopes=scope_titles(request, row.scopes),
        maker=request.work.get(AccountService).names([row.made_by_id]).get(row.made_by_id or 0, ""),
        renewal=_renewal(request, row),
    )


def rotate(request: Request) -> ViewResult:
    """Make a further token of a connected program, and show it once."""
    row = _service(request).fetch(_number(request), lock=True)
    path = request.route_path("admin.client", id=row.id)
    if asked := ask_proof(request, back=path):
        return asked
    form = _renewal(request, row)
    try:
        values = form.validate(request.POST)
    except FormInvalid:
        request.session.flash(request.translate(_("Please choose how long the token is valid.")), "bad")
        return HTTPSeeOther(path)
    try:
        secret = _service(request).rotate(row, days=int(values["days"]))
    except Forbidden:
        request.session.flash(request.translate(NOT_YOURS), "bad")
        return HTTPSeeOther(path)
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
        return HTTPSeeOther(path)
    return {"form": None, "client": row, "secret": secret}


def secret(request: Request) -> ViewResult:
    """Make a secret of a connected program for OAuth, and show it once."""
    row = _service(request).fetch(_number(request), lock=True)
    path = request.route_path("admin.client", id=row.id)
    if asked := ask_proof(request, back=path):
        return asked
    try:
        made = _service(request).new_secret(row)
    except Forbidden:
        request.session.flash(request.translate(NOT_YOURS), "bad")
        return HTTPSeeOther(path)
    return {"form": None, "client": row, "secret": made}


def revoke(request: Request) -> HTTPSeeOther:
    """End the access of a connected program at once."""
    row = _service(request).fetch(_number(request), lock=True)
    request.work.get(OAuthService).end_client(row)
    request.session.flash(
        request.translate(_("The access has ended; its tokens open nothing any more.")), "good"
    )
    return HTTPSeeOther(request.route_path("admin.client", id=row.id))


def _service(request: Request) -> ClientService:
    return request.work.get(ClientService)


def _number(request: Request) -> int:
    return int(request.matchdict["id"])


def _place(request: Request, client: ApiClient) -> tuple[str, str]:
    """Return the names of role and unit; empty for none."""
    role = text_in(client.role, "title", request.locale_name) if client.role else ""
    return role, request.work.get(OrganizationService).unit_name(client.unit_id)


def _form(
    request: Request, schema: StrictSchema, button: TranslationString, client: ApiClient | None = None
) -> BoundForm:
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        roles, units = _role_options(work), unit_options(work)
    initial: dict[str, object] = {"days": str(_most(request))}
    if client is not None:
        initial = {
            "name": client.user.name,
            "note": client.note,
            "role": str(client.role_id) if client.role_id else None,
            "unit": str(client.unit_id) if client.unit_id else None,
            "scopes": client.scopes,
            "redirect_uris": "\n".join(client.redirect_uris),
        }
    return BoundForm(
        request,
        schema,
        bindings={
            "roles": roles,
            "units": units,
            "scopes": scope_options(request.localizer, scopes_of(request.site).values()),
            "days": _days(request),
        },
        initial=initial,
        buttons=(Button(title=button),),
    )


def _renewal(request: Request, client: ApiClient) -> BoundForm:
    return BoundForm(
        request,
        Rotation(),
        bindings={"days": _days(request)},
        initial={"days": str(_most(request))},
        action=request.route_path("admin.client_rotate", id=client.id),
        buttons=(Button(title=_("Make a new token")),),
        prefix="renewal",
    )


def _most(request: Request) -> int:
    return int(request.site.settings["api"]["client_days"])


def _days(request: Request) -> list[Option]:
    return days_options(request.localizer, _most(request), _most(request))


def _role_options(work: Work) -> list[Option]:
    """Return the roles that a machine can have."""
    return [
        Option(value=str(role.id), label=text_in(role, "title", work.locale))
        for role in work.get(RoleService).all()
        if not role.builtin
    ]


def _columns(request: Request, values: Values) -> _Columns:
    units = request.work.get(OrganizationService).units.by_id
    return {
        "name": values["name"],
        "note": values["note"],
        "role": request.work.get(RoleService).fetch(int(values["role"])) if values["role"] else None,
        "unit": units[int(values["unit"])] if values["unit"] else None,
        "scopes": values["scopes"],
        "redirect_uris": list(dict.fromkeys(values["redirect_uris"].split())),
    }
