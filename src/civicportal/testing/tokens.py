"""Tokens in tests: made with one call, without asking again."""

from typing import Literal

from civicportal.core.security import Identity
from civicportal.core.site import Site
from civicportal.domain.accounts.models import User
from civicportal.domain.organization.models import Unit
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.domain.tokens.services import TokenMaker


def token_for(
    site: Site,
    person: User | Identity,
    *scopes: str,
    unit: Unit | None = None,
    realm: Literal["citizen", "staff"] | None = None,
    days: int = 90,
) -> str:
    """Make a token of a person and return it, for the header ``Authorization: Bearer …``.

    :param scopes: names of scopes.
    :param unit: limits it to a unit and those below.
    :param realm: by default that of the identity, or that of the :class:`User`.
    """
    with site.work() as work:
        user = work.session.get_one(User, person.user_id if isinstance(person, Identity) else person.id)
        if realm is None:
            is_staff = person.is_staff if isinstance(person, Identity) else user.username is not None
            realm = "staff" if is_staff else "citizen"
        _token, secret = work.get(TokenMaker).make(
            user,
            "cpt",
            realm=realm,
            name="test",
            scopes=scopes,
            offered=scopes_of(site).values(),
            unit=unit,
            days=days,
            most_days=days,
        )
        return secret
