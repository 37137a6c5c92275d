"""Strong factors: a passkey or an authenticator app.

``[accounts]`` in the site file says for whom one is required. Sources: NIST SP 800-63B-4 §3.1.3.3 (codes by telephone
are a restricted authenticator), OWASP ASVS 5.0.0 6.3.3, 6.3.6.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from civicportal.core.work import Service
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import Passkey, Role, User
from civicportal.domain.accounts.recovery import RecoveryService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.totp import TotpService
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import Refused
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

ADMINISTRATOR = "administrator"
"""Key of the built-in administrator role."""
ALWAYS = (ADMINISTRATOR,)
"""Roles that need a strong factor by default."""
ENROLMENT_PAGES = frozenset(
    {
        "account_factor",
        "account_totp_begin",
        "account_totp_setup",
        "account_totp_qr",
        "account_passkeys",
        "account_passkey_add",
        "account_confirm",
        "account_confirm_app",
        "account_confirm_code",
        "account_confirm_passkey",
    }
)
"""Routes available to a user who has to set up a strong factor first, besides public pages."""


@dataclass(frozen=True, kw_only=True)
class RoleFacts:
    """The properties of a role that decide about rights and factors.

    :ivar administrator: whether it is the built-in role that holds every right.
    """

    key: str
    permissions: frozenset[str]
    administrator: bool

    @classmethod
    def of(cls, role: Role) -> "RoleFacts":
        """Return the facts of a loaded role."""
        return cls(
            key=role.key,
            permissions=frozenset(right.permission for right in role.permissions),
            administrator=role.builtin and role.key == ADMINISTRATOR,
        )


@dataclass(frozen=True)
class Factors:
    """The strong factors that a person has set up.

    :ivar app: whether there is an authenticator app.
    :ivar passkeys: number of passkeys that open a staff session.
    """

    app: bool
    passkeys: int

    def __bool__(self) -> bool:
        return self.app or self.passkeys > 0


def is_demanded(site: "Site", roles: Iterable[RoleFacts]) -> bool:
    """Return whether these roles require a strong factor."""
    table = site.settings["accounts"]
    keys = table["strong_roles"]
    if keys is None:
        # Passwords and telephones of a demo are public: a second factor would protect nothing.
        keys = () if site.is_demo else ALWAYS
    permissions = table["strong_permissions"]
    return any(
        role.key in keys
        or any(role.administrator or permission in role.permissions for permission in permissions)
        for role in roles
    )


class FactorService(Service):
    """Count strong factors; handle adding and removing them."""

    def of(self, user: User) -> Factors:
        """Return the strong factors of a person."""
        count = select(func.count()).select_from(Passkey).where(Passkey.user_id == user.id, Passkey.for_staff)
        return Factors(bool(user.totp_secret), self.session.scalar(count) or 0)

    def added(self, user: User, *, for_staff: bool = True) -> None:
        """Notify the person of a new factor, and end their other sessions if staff sessions need it from now on."""
        actor = self.work.actor
        if for_staff:
            own = actor.session_id if actor.user_id == user.id else None
            self.work.get(SessionService).end_all_others(user, own)
        self.work.get(AccountMessages).notify("member.factor_added", user)

    def require_removable(self, user: User, passkey: Passkey | None = None) -> None:
        """Refuse to remove the last required factor.

        :param passkey: the passkey to remove; None for the authenticator app.
        :raises Refused: when only blocked passkeys would be left.
        """
        roles = [RoleFacts.of(row.role) for row in user.memberships]
        others = select(func.count()).where(
            Passkey.user_id == user.id,
            Passkey.for_staff,
            Passkey.blocked_at.is_(None),
            Passkey.id != (passkey.id if passkey else 0),
        )
        is_left = (passkey is not None and user.totp_secret is not None) or self.session.scalar(others)
        if not is_left and is_demanded(self.work.site, roles):
            raise Refused(
                _("Your access level needs a passkey or an authenticator app: set up another one first.")
            )

    def removed(self, user: User) -> None:
        """Notify the person of a removed factor, and delete the recovery codes if none is left."""
        self.session.flush()
        if not self.of(user):
            self.work.get(RecoveryService).void(user)
        self.work.get(AccountMessages).notify("member.factor_removed", user)

    def remove_all(self, user: User) -> None:
        """Remove every strong factor of a person and the recovery codes."""
        if user.totp_secret:
            self.work.get(TotpService).disable(user)
        self.session.execute(delete(Passkey).where(Passkey.user_id == user.id))
        self.work.get(RecoveryService).void(user)
        self.work.get(AuditService).record("factor:remove-all", subject_id=user.id)
