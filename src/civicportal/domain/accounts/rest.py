"""The caller of the API."""

from typing import Annotated, TypedDict

from civicportal.core.security import Grant, PagePermission
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Operation


class GrantItem(TypedDict):
    """What a role gives the caller, and where."""

    permissions: list[str]
    units: Annotated[list[str] | None, _("Keys of the units; null for all")]
    categories: Annotated[list[str] | None, _("Categories as kind and key with a slash; null for all")]


class Me(TypedDict):
    """Who calls, and what they may do."""

    id: int | None
    name: str
    realm: Annotated[str, _("staff or citizen")]
    language: str
    token: Annotated[str, _("Name of the token")]
    scopes: list[str]
    permissions: Annotated[list[str], _("The rights, wherever they apply")]
    grants: list[GrantItem]


def me(call: Call) -> Me:
    """Return the caller."""
    token = call.request.token
    actor, organization = call.work.actor, call.work.get(OrganizationService)
    units, categories = organization.units.by_id, organization.categories.by_id
    everything = sorted(call.work.site.permissions)

    def permissions(grant: Grant) -> list[str]:
        return everything if grant.administrator else sorted(grant.permissions)

    return {
        "id": actor.user_id,
        "name": actor.name,
        "realm": actor.realm,
        "language": call.request.locale_name,
        "token": token.name if token else "",
        "scopes": sorted(token.scopes) if token else [],
        "permissions": sorted({name for grant in actor.grants for name in permissions(grant)}),
        "grants": [
            {
                "permissions": permissions(grant),
                "units": None
                if grant.units is None
                else sorted(units[one].key for one in grant.units if one in units),
                "categories": None
                if grant.categories is None
                else sorted(
                    f"{categories[one].kind}/{categories[one].key}"
                    for one in grant.categories
                    if one in categories
                ),
            }
            for grant in actor.grants
        ],
    }


OPERATIONS = (
    Operation(
        name="me.show",
        path="/me",
        title=_("Show who calls"),
        call=me,
        returns=Me,
        permission=PagePermission.EVERYBODY,
        needs_token=True,
    ),
)
