"""Users, roles, memberships, sessions and one-time codes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    event,
    exists,
    false,
    inspect,
    or_,
)
from sqlalchemy.orm import Mapped, relationship

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.core.reference import REFERENCE, reference_where
from civicportal.util.persian import folded
from civicportal.util.values import Values


def _is_named_to_staff(user: "User") -> bool:
    """Return whether a change affects lists of colleagues.

    A sign-in does not, nor does a citizen.
    """
    changes = inspect(user).attrs
    usernames = changes["username"].history
    return any((*(usernames.added or ()), *(usernames.deleted or ()))) or (
        user.username is not None
        and any(changes[name].history.has_changes() for name in ("name", "disabled_at", "deleted_at"))
    )


class User(Base):
    """A person: citizen, staff or both; or a program that acts by tokens.

    Staff also have a user name and memberships.
    """

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True, "info": reference_where(_is_named_to_staff)}

    id: Mapped[int] = id_column(person="user")
    #: E.164.
    mobile: Mapped[str | None] = tagged_column(String(20), unique=True, pii="contact", erase="null")
    username: Mapped[str | None] = tagged_column(String(60), unique=True, pii="contact", erase="null")
    name: Mapped[str] = tagged_column(String(120), default="", pii="contact", erase="null")
    #: Search words of the name, see :func:`civicportal.util.persian.folded`.
    search_name: Mapped[str] = tagged_column(
        String(400), default="", server_default="", deferred=True, pii="contact", erase="null", export=False
    )
    password_hash: Mapped[str | None] = tagged_column(String(200), erase="null", export=False)
    totp_secret: Mapped[str | None] = tagged_column(String(400), erase="null", sealed=True, export=False)
    #: Number of the 30-second step whose code was used last: a code is valid once.
    totp_step: Mapped[int | None] = tagged_column(BigId)
    #: Ten ASCII digits; a code belongs to one person.
    national_code: Mapped[str | None] = tagged_column(String(400), pii="identity", erase="null", sealed=True)
    national_code_index: Mapped[str | None] = tagged_column(
        String(64), index=True, unique=True, pii="identity", erase="null", export=False
    )
    #: ISO 8601, Gregorian.
    birth_date: Mapped[str | None] = tagged_column(String(400), pii="identity", erase="null", sealed=True)
    #: 0 anonymous, 1 mobile verified, 2 identity verified by the site's provider.
    level: Mapped[int] = tagged_column(Integer, default=0)
    locale: Mapped[str | None] = tagged_column(String(10))
    #: Incremented to end every session of the person.
    session_epoch: Mapped[int] = tagged_column(Integer, default=0)
    #: A program with an account of its own: it has no sign-in, and is neither citizen nor colleague.
    machine: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    created_at: Mapped[datetime] = tagged_column()
    last_seen_at: Mapped[datetime | None] = tagged_column()
    disabled_at: Mapped[datetime | None] = tagged_column()
    #: Time of deletion; thirty days later the person is erased.
    deleted_at: Mapped[datetime | None] = tagged_column()
    #: The user who deleted the account; people who deleted their own restore it by signing in.
    deleted_by_id: Mapped[int | None] = tagged_column(BigId)
    erased_at: Mapped[datetime | None] = tagged_column()

    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", foreign_keys="Membership.user_id"
    )

    @property
    def has_left(self) -> bool:
        """Return whether they deleted their account themselves and can still restore it by signing in."""
        return self.deleted_at is not None and self.deleted_by_id == self.id and self.erased_at is None


@event.listens_for(User, "before_insert")
@event.listens_for(User, "before_update")
def _follow_name(_mapper: object, _connection: Connection, user: User) -> None:
    if inspect(user).attrs.name.history.has_changes():
        user.search_name = folded(user.name or "")


class Role(Base):
    """A named set of permissions."""

    __tablename__ = "roles"
    __table_args__ = {"info": REFERENCE}

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged_column(String(60), unique=True)
    title: Mapped[str] = tagged_column(String(120), translated="optional")
    #: Texts of other languages: language, column, text.
    translations: Mapped[dict[str, Values]] = tagged_column(JSON, default=dict, server_default="{}")
    #: The administrator role: every permission, not editable, never without a holder.
    builtin: Mapped[bool] = tagged_column(Boolean, default=False)

    permissions: Mapped[list["RolePermission"]] = relationship(cascade="all, delete-orphan", lazy="selectin")


class RolePermission(Base):
    """One permission of a role."""

    __tablename__ = "role_permissions"
    __table_args__ = {"info": REFERENCE}

    role_id: Mapped[int] = tagged_column(BigId, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True)
    permission: Mapped[str] = tagged_column(String(100), primary_key=True)


class Membership(Base):
    """A user's role within a unit and a category.

    Both must match; empty matches all.
    """

    __tablename__ = "memberships"
    __table_args__ = (Index(None, "user_id"), {"info": REFERENCE})

    id: Mapped[int] = id_column()
    user_id: Mapped[int] = tagged_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), erase="row")
    role_id: Mapped[int] = tagged_column(BigId, ForeignKey("roles.id", ondelete="CASCADE"))
    unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id", ondelete="CASCADE"))
    category_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("categories.id", ondelete="CASCADE"))

    user: Mapped[User] = relationship(back_populates="memberships", foreign_keys=[user_id])
    role: Mapped[Role] = relationship(lazy="joined")


class Deputy(Base):
    """For some days one person sees and works the kartable of another."""

    __tablename__ = "deputies"

    id: Mapped[int] = id_column()
    absent_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row", person="user"
    )
    deputy_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row", person="user"
    )
    first_day: Mapped[date] = tagged_column(Date)
    last_day: Mapped[date] = tagged_column(Date)


class Invitation(Base):
    """A link to join the staff or set a password.

    Only the hash of its token is stored.
    """

    __tablename__ = "invitations"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    token_hash: Mapped[str] = tagged_column(String(64), unique=True, export=False)
    #: "join", "reset" or "rescue".
    purpose: Mapped[str] = tagged_column(String(10))
    #: The person created by it, or whose password it resets.
    user_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row"
    )
    username: Mapped[str] = tagged_column(String(60), pii="contact", erase="row")
    name: Mapped[str] = tagged_column(String(120), default="", pii="contact", erase="row")
    #: E.164; the code that verifies it is sent there.
    mobile: Mapped[str] = tagged_column(String(20), pii="contact", erase="row")
    #: Memberships granted on joining: ``{"role": id, "unit": id or null, "category": id or null}``.
    grants: Mapped[list[dict[str, int | None]]] = tagged_column(JSON, default=list)
    #: Empty if created on the command line.
    inviter_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = tagged_column()
    expires_at: Mapped[datetime] = tagged_column(index=True)
    used_at: Mapped[datetime | None] = tagged_column()
    revoked_at: Mapped[datetime | None] = tagged_column()


class Session(Base):
    """A server-side session.

    The cookie contains a token of which only the hash is stored.
    """

    __tablename__ = "sessions"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    token_hash: Mapped[str] = tagged_column(String(64), unique=True, export=False)
    #: "visitor", "citizen" or "staff".
    # The column keeps its first name, as in the audit trail and in the history of cases.
    realm: Mapped[str] = tagged_column("door", String(10))
    user_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row"
    )
    epoch: Mapped[int] = tagged_column(Integer, default=0)
    created_at: Mapped[datetime] = tagged_column()
    last_seen_at: Mapped[datetime] = tagged_column()
    expires_at: Mapped[datetime] = tagged_column(index=True)
    #: Time of the last authentication, for pages that ask again.
    proved_at: Mapped[datetime | None] = tagged_column()
    user_agent: Mapped[str] = tagged_column(String(200), default="", pii="contact", erase="row")
    #: Pending forms, verified tracking codes, flash data.
    data: Mapped[dict[str, dict[str, Any]]] = tagged_column(JSON, default=dict, pii="content", erase="row")


class OtpChallenge(Base):
    """A requested one-time code.

    The code itself is not stored: it is derived from the nonce.
    """

    __tablename__ = "otp_challenges"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    nonce: Mapped[bytes] = tagged_column(LargeBinary(16), export=False)
    #: What the code is for; see :data:`~civicportal.domain.accounts.otp.Purpose`.
    purpose: Mapped[str] = tagged_column(String(20))
    mobile: Mapped[str] = tagged_column(String(20), index=True, pii="contact", erase="row", person="mobile")
    user_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), erase="row"
    )
    #: Attempts are bound to the browser that requested it.
    cookie_hash: Mapped[str] = tagged_column(String(64), export=False)
    attempts: Mapped[int] = tagged_column(Integer, default=0)
    created_at: Mapped[datetime] = tagged_column()
    expires_at: Mapped[datetime] = tagged_column(index=True)
    #: Time of creation by the machine's :class:`~civicportal.core.clock.Uptime`: setting the clock back does not
    #: prolong a code.
    boot: Mapped[str | None] = tagged_column(String(36), export=False)
    uptime: Mapped[float | None] = tagged_column(Float, export=False)
    used_at: Mapped[datetime | None] = tagged_column()
    #: A decoy for a number without an account, or one that may not sign in: the same responses, and no message.
    hollow: Mapped[bool] = tagged_column(Boolean, default=False)


class PendingClaim(Base):
    """An identity claim while the provider is unavailable; verification is retried."""

    __tablename__ = "identity_claims"

    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, erase="row"
    )
    national_code: Mapped[str] = tagged_column(String(400), pii="identity", erase="row", sealed=True)
    birth_date: Mapped[str] = tagged_column(String(400), pii="identity", erase="row", sealed=True)
    created_at: Mapped[datetime] = tagged_column()
    #: Number of failed attempts to ask the provider.
    attempts: Mapped[int] = tagged_column(Integer, default=0)
    next_at: Mapped[datetime] = tagged_column(index=True)


class KnownDevice(Base):
    """A browser that has signed in with a number.

    It is counted separately from unknown ones.
    """

    __tablename__ = "known_devices"
    __table_args__ = (UniqueConstraint("user_id", "device_hash"),)

    id: Mapped[int] = id_column()
    user_id: Mapped[int] = tagged_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), erase="row")
    device_hash: Mapped[str] = tagged_column(String(64), pii="contact", erase="row", export=False)
    created_at: Mapped[datetime] = tagged_column()


class Passkey(Base):
    """A WebAuthn credential of a person."""

    __tablename__ = "passkeys"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row"
    )
    #: base64url; WebAuthn Level 3 §4 allows 1023 bytes.
    credential_id: Mapped[str] = tagged_column(String(1364), unique=True, erase="row", export=False)
    #: COSE.
    public_key: Mapped[bytes] = tagged_column(LargeBinary, erase="row", export=False)
    #: The user handle that the authenticator stores, base64url. It is opaque: WebAuthn Level 3 §14.6.1.
    user_handle: Mapped[str] = tagged_column(String(64), erase="row", export=False)
    sign_count: Mapped[int] = tagged_column(BigId, default=0, export=False)
    transports: Mapped[list[str]] = tagged_column(JSON, default=list, export=False)
    name: Mapped[str] = tagged_column(String(60), pii="contact", erase="row")
    #: Registered in a staff session: no other passkey opens one.
    for_staff: Mapped[bool] = tagged_column(Boolean, default=False)
    created_at: Mapped[datetime] = tagged_column()
    last_used_at: Mapped[datetime | None] = tagged_column()
    #: Time since which it is refused: its signature counter did not increase, so there may be a copy.
    blocked_at: Mapped[datetime | None] = tagged_column()


class PasskeyChallenge(Base):
    """An open WebAuthn challenge, deleted with the answer."""

    __tablename__ = "passkey_challenges"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    #: SHA-256 of the challenge.
    challenge_hash: Mapped[str] = tagged_column(String(64), unique=True, export=False)
    #: See :data:`~civicportal.domain.accounts.passkeys.Purpose`.
    purpose: Mapped[str] = tagged_column(String(10))
    #: An answer is accepted only from the browser that requested it.
    cookie_hash: Mapped[str] = tagged_column(String(64), export=False)
    #: The person whose passkey has to answer; NULL for anyone's.
    user_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), erase="row"
    )
    expires_at: Mapped[datetime] = tagged_column(index=True)


class RecoveryCode(Base):
    """A one-use code that replaces a lost factor, stored as an Argon2id hash."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = id_column()
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row"
    )
    code_hash: Mapped[str] = tagged_column(String(200), erase="row", export=False)
    used_at: Mapped[datetime | None] = tagged_column()


def has_factor() -> ColumnElement[bool]:
    """Return the condition for accounts with a strong factor.

    A blocked passkey counts although it cannot sign in: a copied one must not re-enable codes by SMS.
    """
    passkey = exists().where(Passkey.user_id == User.id, Passkey.for_staff)
    return or_(User.totp_secret.is_not(None), passkey)


def at_work(user: type[User] = User) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for active members of staff.

    :param user: ``User`` or an alias of it.
    """
    return user.username.is_not(None), user.disabled_at.is_(None), user.deleted_at.is_(None)
