"""Tokens of people and machines, and machine clients."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, false
from sqlalchemy.orm import Mapped, relationship

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.domain.accounts.models import Role, User


class ApiClient(Base):
    """A program with an account of its own: it has the rights of a role, in the city or a unit.

    Its rights are not memberships, because nothing is referred to it, and it is no colleague of anyone.
    """

    PUBLIC_PREFIX: ClassVar[str] = "client-"

    __tablename__ = "clients"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    #: Its account, which the history and the audit trail name as the actor.
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), unique=True, erase="row"
    )
    #: None after its role was deleted: it has no rights then.
    role_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("roles.id", ondelete="SET NULL"))
    #: None for the whole city.
    unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id"))
    #: What it is for and who answers for it, for colleagues.
    note: Mapped[str] = tagged_column(String(500), default="")
    #: Names of the scopes of its tokens.
    scopes: Mapped[list[str]] = tagged_column(JSON, default=list)
    #: Of the secret by which it gets tokens; None for a program that cannot keep one, or that uses no OAuth.
    secret_hash: Mapped[str | None] = tagged_column(String(64), export=False)
    #: Where people return to after they have allowed it to act for them; compared letter by letter.
    redirect_uris: Mapped[list[str]] = tagged_column(JSON, default=list, server_default="[]")
    made_by_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = tagged_column()

    user: Mapped[User] = relationship(foreign_keys=[user_id], lazy="joined", innerjoin=True)
    role: Mapped[Role | None] = relationship(lazy="selectin")

    @property
    def public_id(self) -> str:
        """Return its identifier in OAuth."""
        return f"{self.PUBLIC_PREFIX}{self.id}"


class OAuthGrant(Base):
    """What a person has allowed a program to do, and the code by which the program learned of it."""

    __tablename__ = "oauth_grants"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    client_id: Mapped[int] = tagged_column(BigId, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row"
    )
    #: "citizen" or "staff".
    realm: Mapped[str] = tagged_column(String(10))
    scopes: Mapped[list[str]] = tagged_column(JSON, default=list)
    #: Of the person at that time: it ends with all of their sessions.
    epoch: Mapped[int] = tagged_column(Integer, default=0)
    created_at: Mapped[datetime] = tagged_column()
    code_hash: Mapped[str] = tagged_column(String(64), unique=True, export=False)
    code_expires_at: Mapped[datetime] = tagged_column(index=True)
    code_used_at: Mapped[datetime | None] = tagged_column()
    redirect_uri: Mapped[str] = tagged_column(String(500))
    #: The S256 challenge of RFC 7636.
    challenge: Mapped[str] = tagged_column(String(128), export=False)
    revoked_at: Mapped[datetime | None] = tagged_column()

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    client: Mapped[ApiClient] = relationship(foreign_keys=[client_id])


class RefreshToken(Base):
    """A refresh token, which is used once. Only its hash is stored."""

    __tablename__ = "oauth_refresh_tokens"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    grant_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("oauth_grants.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str] = tagged_column(String(64), unique=True, export=False)
    created_at: Mapped[datetime] = tagged_column()
    expires_at: Mapped[datetime] = tagged_column(index=True)
    used_at: Mapped[datetime | None] = tagged_column()


class Token(Base):
    """A token by which a program acts for a person or as a machine.

    Only its hash is stored.
    """

    __tablename__ = "api_tokens"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row"
    )
    #: "citizen" or "staff": the realm in which its person has made it.
    realm: Mapped[str] = tagged_column(String(10))
    name: Mapped[str] = tagged_column(String(60), pii="content", erase="row")
    token_hash: Mapped[str] = tagged_column(String(64), unique=True, export=False)
    #: Last characters of the token, by which its owner recognises it.
    ending: Mapped[str] = tagged_column(String(4), export=False)
    scopes: Mapped[list[str]] = tagged_column(JSON, default=list)
    #: Limits it to a unit and the units below; None for all of its person's.
    unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id"))
    #: Of the person when it was made: it ends with all of their sessions.
    epoch: Mapped[int] = tagged_column(Integer, default=0)
    #: An access token of OAuth, which no list shows.
    short: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    #: What its person has allowed, for access tokens of programs that act for people.
    grant_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("oauth_grants.id", ondelete="CASCADE"), index=True
    )
    made_by_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = tagged_column()
    expires_at: Mapped[datetime] = tagged_column(index=True)
    last_used_at: Mapped[datetime | None] = tagged_column()
    revoked_at: Mapped[datetime | None] = tagged_column()
