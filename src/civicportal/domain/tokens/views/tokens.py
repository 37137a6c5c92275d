"""The page of a person's own tokens."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.step_up import prove
from civicportal.domain.organization.choices import unit_options
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.tokens.delegation import OAuthService
from civicportal.domain.tokens.schemas import TokenEntry, days_options, scope_options
from civicportal.domain.tokens.scopes import TokenScope
from civicportal.domain.tokens.services import TokenService
from civicportal.domain.tokens.views.shown import scope_titles, shown
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option


def tokens(request: Request) -> dict[str, object]:
    """List the person's tokens."""
    user = request.work.session.get_one(User, request.identity.person_id)
    grants = [
        (grant, scope_titles(request, grant.scopes))
        for grant in request.work.get(OAuthService).grants_of(user)
    ]
    return {
        "tokens": shown(request, user),
        "grants": grants,
        "may_make": request.work.get(TokenService).may_make(),
    }


def new(request: Request) -> ViewResult:
    """Make a token, and show it once."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        if not work.get(TokenService).may_make():
            return HTTPSeeOther(request.route_path("account_tokens"))
        form = _form(request, work.get(TokenService).offered(), unit_options(work))
    if asked := prove(request, form):
        return asked

    def make(values: Values) -> dict[str, object]:
        work = request.work
        units = work.get(OrganizationService).units.by_id
        try:
            token, secret = work.get(TokenService).make(
                work.session.get_one(User, request.identity.person_id),
                name=values["name"],
                scopes=values["scopes"],
                unit=units[int(values["unit"])] if values.get("unit") else None,
                days=int(values["days"]),
            )
        except Refused as refusal:
            form.refuse("", refusal.reason)
        return {"form": None, "token": token, "secret": secret}

    return form.handle(make)


def _form(request: Request, scopes: list[TokenScope], units: list[Option]) -> BoundForm:
    settings, schema = request.site.settings["api"], TokenEntry()
    if request.identity.is_citizen:
        del schema["unit"]
    usual = min(settings["days"], settings["most_days"])
    return BoundForm(
        request,
        schema,
        bindings={
            "scopes": scope_options(request.localizer, scopes),
            "units": units,
            "days": days_options(request.localizer, usual, settings["most_days"]),
        },
        initial={"days": str(usual)},
        buttons=(Button(title=_("Make the token")),),
    )


def revoke(request: Request) -> HTTPSeeOther:
    """Revoke a token of the person."""
    service = request.work.get(TokenService)
    user = request.work.session.get_one(User, request.identity.person_id)
    service.revoke(service.fetch(user, int(request.matchdict["id"])))
    request.session.flash(request.translate(_("The token was revoked; it opens nothing any more.")), "good")
    return HTTPSeeOther(request.route_path("account_tokens"))
