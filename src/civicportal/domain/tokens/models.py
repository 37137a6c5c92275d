"""Tokens of people and machines, and machine clients."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, relationship

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.domain.accounts.models import Role, User


class ApiClient(Base):
    """A program with an account of its own: it has the rights of a role, in the city or a unit.

    Its rights are not memberships, because nothing is referred to it, and it is no colleague of anyone.
    """

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
    made_by_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = tagged_column()

    user: Mapped[User] = relationship(foreign_keys=[user_id], lazy="joined", innerjoin=True)
    role: Mapped[Role | None] = relationship(lazy="selectin")


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
    made_by_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = tagged_column()
    expires_at: Mapped[datetime] = tagged_column(index=True)
    last_used_at: Mapped[datetime | None] = tagged_column()
    revoked_at: Mapped[datetime | None] = tagged_column()
