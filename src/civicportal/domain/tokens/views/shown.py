"""Tokens as pages show them."""

from dataclasses import dataclass
from datetime import datetime

from civicportal.domain.accounts.models import User
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.tokens.models import Token
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.domain.tokens.services import TokenService
from civicportal.util.i18n import say
from civicportal.web.request import Request


@dataclass(frozen=True, kw_only=True)
class ShownToken:
    """A token of a list.

    :ivar scopes: titles.
    :ivar unit: name of the unit that limits it; empty for none.
    :ivar state: "valid", "expired", "revoked", or "ended" together with the sessions of its person.
    """

    row: Token
    scopes: list[str]
    unit: str
    state: str

    @property
    def is_valid(self) -> bool:
        """Return whether it may be used."""
        return self.state == "valid"


def shown(request: Request, user: User) -> list[ShownToken]:
    """Return the tokens of a person or machine, latest first."""
    service = request.work.get(TokenService)
    organization = request.work.get(OrganizationService)
    valid = {token.id for token in service.valid_of(user)}
    now = request.site.clock.now()
    return [
        ShownToken(
            row=token,
            scopes=scope_titles(request, token.scopes),
            unit=organization.unit_name(token.unit_id),
            state="valid" if token.id in valid else _state(token, now),
        )
        for token in service.all_of(user)
    ]


def scope_titles(request: Request, names: list[str]) -> list[str]:
    """Return titles of scopes; one of a service that is off is named."""
    known = scopes_of(request.site)
    return [say(known[name].title, request.localizer) if name in known else name for name in names]


def _state(token: Token, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at <= now else "ended"
