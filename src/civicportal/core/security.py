"""Identities and rights as plain values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal

from translationstring import TranslationString

from civicportal.util.errors import CivicportalError
from civicportal.util.i18n import _

Realm = Literal["visitor", "citizen", "staff", "system"]
"""Realm that an actor signed in to."""
Scope = Literal["case", "unit", "city"]
"""Limits of rights: cases by unit and category, people by unit, or none."""


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A right that roles can contain, for instance ``reports:case:view``.

    :ivar scope: how the unit and the category of a membership limit it. A right over cases is limited by both, because
        :class:`~civicportal.domain.cases.access.rights.AccessService` checks it. A right over people is limited by the
        unit. Every other right applies to the whole city: a membership with a unit or a category does not give it, and
        a role that contains one cannot be granted with either.
    """

    name: str
    title: TranslationString
    scope: Scope = "city"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One membership of a person with its resolved scope.

    Categories divide the cases of a unit that have one. Cases without one, such as feedback, and inquiries of other
    units are for every member of the unit.

    :ivar permissions: names of the rights; ignored for an administrator, who holds every one.
    :ivar units: ids of the units it covers, their subtrees included; None covers all.
    :ivar categories: ids of the categories it covers, subtrees included; None covers all.
    :ivar leads: whether it is that of the head of a unit, who may act on its cases even if they are assigned to a
        colleague.
    :ivar oversees: whether a token has cut it from that of an administrator, who lists the cases of all units by
        officer without heading one.
    :ivar own: False for a grant held on behalf of someone whose deputy this person is today.
    :ivar holder_id: user id of the holder of the membership.
    """

    permissions: frozenset[str]
    administrator: bool = False
    units: frozenset[int] | None = None
    categories: frozenset[int] | None = None
    unit_id: int | None = None
    leads: bool = False
    oversees: bool = False
    own: bool = True
    holder_id: int | None = None

    def gives(self, permission: str) -> bool:
        """Return whether the right is part of this grant, whatever its scope."""
        return self.administrator or permission in self.permissions

    def covers(self, unit_id: int | None, category_id: int | None) -> bool:
        """Return whether the scope covers unit and category."""
        in_unit = self.units is None or unit_id in self.units
        in_category = self.categories is None or category_id in self.categories
        return in_unit and (in_category or (category_id is None and self.units is not None))

    def is_of(self, unit_id: int) -> bool:
        """Return whether the holder belongs to the unit or one above it."""
        return self.units is not None and unit_id in self.units


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The actor, immutable during a request.

    :ivar realm: "staff" only in a staff session; a citizen session has no staff rights.
    :ivar level: 0 anonymous, 1 mobile verified, 2 verified by the site's provider.
    :ivar locale: the language of the person's messages; empty for the site's own.
    :ivar deputy_for: the represented person whose grants are included, if any, by user id.
    :ivar must_enrol: whether the person has to set up a strong factor before anything else; they have no rights until
        then.
    :ivar token_id: id of the token by which a program acts; None for a person at the pages.
    :ivar referral_units: units whose referrals to the person or taken over by them count; None for all. A token may limit
        them.
    :ivar has_pending_forms: whether the session has pending forms of the person; None if unknown.
    :cvar SYSTEM: the portal itself: jobs, inbound messages, deadlines.
    :cvar VISITOR: an anonymous visitor.
    :ivar stamp: version of the reference data at the start of the request, see :mod:`civicportal.core.reference`.
    """

    SYSTEM: ClassVar["Identity"]
    VISITOR: ClassVar["Identity"]

    user_id: int | None
    name: str
    realm: Realm
    level: int = 0
    mobile: str | None = None
    locale: str = ""
    session_id: int | None = None
    grants: tuple[Grant, ...] = ()
    deputy_for: frozenset[int] = frozenset()
    must_enrol: bool = False
    token_id: int | None = None
    referral_units: frozenset[int] | None = None
    has_pending_forms: bool | None = field(default=None, compare=False, repr=False)
    stamp: str | None = field(default=None, compare=False, repr=False)

    @property
    def is_staff(self) -> bool:
        """Return whether this is a staff session."""
        return self.realm == "staff"

    @property
    def is_citizen(self) -> bool:
        """Return whether this is a citizen session."""
        return self.realm == "citizen"

    @property
    def scopes(self) -> tuple[Grant, ...]:
        """Return the grants by which rights on cases are asked for, those of one scope as one with the rights of all.

        Heads of units have two or three of the same units, and each makes a condition of a query.
        """
        found: dict[tuple[bool, frozenset[int] | None, frozenset[int] | None], frozenset[str]] = {}
        for grant in self.grants:
            scope = grant.administrator, grant.units, grant.categories
            found[scope] = found.get(scope, frozenset()) | grant.permissions
        return tuple(
            Grant(permissions=permissions, administrator=administrator, units=units, categories=categories)
            for (administrator, units, categories), permissions in found.items()
        )

    @property
    def scope_key(self) -> "Identity":
        """Return the cache key of the visible cases.

        It contains no name and no session.
        """
        return Identity(
            user_id=self.user_id,
            name="",
            realm=self.realm,
            grants=self.grants,
            deputy_for=self.deputy_for,
            referral_units=self.referral_units,
        )

    @property
    def person_id(self) -> int:
        """Return the user id of a signed-in person.

        :raises LookupError: for a visitor and for the portal itself.
        """
        if self.user_id is None:
            raise LookupError("not signed in")
        return self.user_id

    @property
    def avatar_letter(self) -> str:
        """Return the first letter of the name, or ""."""
        return self.name.strip()[:1]

    def permits(self, permission: str) -> bool:
        """Return whether any grant gives the right, whatever its scope."""
        return self.realm == "system" or any(grant.gives(permission) for grant in self.grants)


Identity.SYSTEM = Identity(user_id=None, name="system", realm="system")
Identity.VISITOR = Identity(user_id=None, name="", realm="visitor")


class PagePermission(StrEnum):
    """Pyramid permissions of pages that need no right of a role.

    :cvar EVERYBODY: public pages; explicit, so that no view is public by accident.
    :cvar SIGNED_IN: pages for all signed-in users.
    :cvar CITIZEN: pages for signed-in citizens.
    :cvar STAFF: pages for staff sessions.
    """

    EVERYBODY = "civicportal:everybody"
    SIGNED_IN = "civicportal:signed-in"
    CITIZEN = "civicportal:citizen"
    STAFF = "civicportal:staff"


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """The token by which a program has sent a request.

    :ivar id: of its row; a key for rate limits.
    :ivar name: as its owner has named it.
    :ivar user_id: the person or machine that acts.
    :ivar scopes: names of its scopes, see :mod:`civicportal.domain.tokens.scopes`.
    :ivar unit_id: unit to which it is limited, with the units below.
    :ivar identity: the actor, with no more rights than the scopes and the unit allow.
    """

    id: int
    name: str
    user_id: int
    scopes: frozenset[str]
    unit_id: int | None
    expires_at: datetime
    identity: Identity = field(compare=False, repr=False)

    def allows(self, scope: str) -> bool:
        """Return whether the token has a scope."""
        return scope in self.scopes

    def require(self, scope: str) -> None:
        """Refuse a token without a scope.

        :raises InsufficientScope: when it is missing.
        """
        if scope not in self.scopes:
            raise InsufficientScope(scope)


class TokenRefused(CivicportalError):
    """A request to the API does not carry the token that it needs.

    :cvar status: of the response.
    :ivar challenge: value of the header ``WWW-Authenticate``; source: RFC 6750 §3.
    :ivar message: explanation for the author of the program.
    """

    status = 401

    def __init__(self, message: TranslationString, **parameters: str) -> None:
        super().__init__(str(message.interpolate()))
        self.message = message
        pairs = {"realm": "api", **parameters}
        self.challenge = "Bearer " + ", ".join(f'{name}="{value}"' for name, value in pairs.items())


class TokenRequired(TokenRefused):
    """There is no token."""

    def __init__(self) -> None:
        super().__init__(_("This needs a token: Authorization: Bearer …"))


class InvalidToken(TokenRefused):
    """The token is unknown, or has expired or been revoked; the response does not say which."""

    def __init__(self) -> None:
        super().__init__(_("The token is wrong, has expired or was revoked."), error="invalid_token")


class InsufficientScope(TokenRefused):
    """The token lacks a scope.

    :ivar scope: its name.
    """

    status = 403

    def __init__(self, scope: str) -> None:
        self.scope = scope
        message = _("The token lacks the scope “${scope}”.", mapping={"scope": scope})
        super().__init__(message, error="insufficient_scope", scope=scope)
