"""Routing rules, ready texts, and links for contractors."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.core.reference import REFERENCE
from civicportal.util.values import Values


class RoutingRule(Base):
    """A routing rule; the first match decides the unit."""

    __tablename__ = "routing_rules"
    __table_args__ = {"info": REFERENCE}

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged_column(String(40), unique=True)
    position: Mapped[int] = tagged_column(Integer)
    title: Mapped[str] = tagged_column(String(200), default="")
    kind: Mapped[str | None] = tagged_column(String(40))
    #: A root category includes its subcategories.
    category_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("categories.id"))
    #: Facts of the case that must be equal, for instance ``{"district": "…"}``; a kind declares its facts.
    facts: Mapped[dict[str, str]] = tagged_column(JSON, default=dict)
    #: A choice that is among the answers of the case. One that was deleted, which no case has, never fits.
    choice_id: Mapped[int | None] = tagged_column(BigId)
    unit_id: Mapped[int] = tagged_column(BigId, ForeignKey("units.id"))
    user_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    #: Office days; None uses the category's.
    deadline_days: Mapped[float | None] = tagged_column(Float)
    active: Mapped[bool] = tagged_column(Boolean, default=True)


class ReadyText(Base):
    """A ready text, offered in forms of transitions."""

    __tablename__ = "ready_texts"
    __table_args__ = (Index(None, "kind", "position"), {"info": REFERENCE})

    id: Mapped[int] = id_column()
    kind: Mapped[str] = tagged_column(String(40))
    #: Name of the transition that offers it; empty for every one with a text field.
    transition: Mapped[str] = tagged_column(String(40), default="")
    #: The topic whose cases it is offered for; a root category includes its subcategories. None: every topic.
    category_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("categories.id"))
    position: Mapped[int] = tagged_column(Integer)
    title: Mapped[str] = tagged_column(String(100), translated="optional")
    #: Texts of other languages: language, column, text.
    translations: Mapped[dict[str, Values]] = tagged_column(JSON, default=dict, server_default="{}")
    #: Citizens read it, in the language of the site. Placeholders in braces are replaced, see :data:`~civicportal.domain.kartable.ready_texts.FIELDS`.
    text: Mapped[str] = tagged_column(Text)
    active: Mapped[bool] = tagged_column(Boolean, default=True)


class ContractorLink(Base):
    """An address at which a contractor without an account sees one case and says what became of the work.

    It belongs to the unit that made it. Only the hash of its token is stored.
    """

    __tablename__ = "contractor_links"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("cases.id", ondelete="CASCADE"), index=True, erase="row", person="case"
    )
    unit_id: Mapped[int] = tagged_column(BigId, ForeignKey("units.id"))
    #: The referral for action under which it was made: it ends when the case leaves the unit after that.
    referral_id: Mapped[int] = tagged_column(BigId)
    #: A firm or a person.
    name: Mapped[str] = tagged_column(String(100), pii="contact", erase="row", export=False)
    instruction: Mapped[str] = tagged_column(Text, default="", pii="content", erase="row", export=False)
    token_hash: Mapped[str] = tagged_column(String(64), unique=True, export=False)
    made_by_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = tagged_column()
    ends_at: Mapped[datetime] = tagged_column()
    revoked_at: Mapped[datetime | None] = tagged_column()
    used_at: Mapped[datetime | None] = tagged_column()
    #: When the contractor has answered; None again after the unit has sent the work back.
    answered_at: Mapped[datetime | None] = tagged_column()
