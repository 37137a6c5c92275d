"""Routing rules and ready texts."""

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged
from civicportal.core.reference import REFERENCE


class RoutingRule(Base):
    """A routing rule of the site: the first that matches decides the unit of a new case."""

    __tablename__ = "routing_rules"
    __table_args__ = {"info": REFERENCE}

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged(String(40), unique=True)
    position: Mapped[int] = tagged(Integer)
    title: Mapped[str] = tagged(String(200), default="")
    kind: Mapped[str | None] = tagged(String(40))
    #: A root category includes its subcategories.
    category_id: Mapped[int | None] = tagged(BigId, ForeignKey("categories.id"))
    #: Facts of the case that must be equal, for instance ``{"district": "…"}``; a kind declares its facts.
    facts: Mapped[dict[str, str]] = tagged(JSON, default=dict)
    unit_id: Mapped[int] = tagged(BigId, ForeignKey("units.id"))
    user_id: Mapped[int | None] = tagged(BigId, ForeignKey("users.id", ondelete="SET NULL"))
    #: Office days; None uses the category's.
    deadline_days: Mapped[float | None] = tagged(Float)
    active: Mapped[bool] = tagged(Boolean, default=True)


class ReadyText(Base):
    """A text that staff often send to citizens; forms of transitions offer it."""

    __tablename__ = "ready_texts"
    __table_args__ = (Index(None, "kind", "position"), {"info": REFERENCE})

    id: Mapped[int] = id_column()
    kind: Mapped[str] = tagged(String(40))
    #: Name of the transition that offers it; empty for every one with a text field.
    transition: Mapped[str] = tagged(String(40), default="")
    position: Mapped[int] = tagged(Integer)
    title: Mapped[str] = tagged(String(100))
    #: Placeholders in braces are replaced, see :data:`~civicportal.domain.kartable.ready_texts.FIELDS`.
    text: Mapped[str] = tagged(Text)
    active: Mapped[bool] = tagged(Boolean, default=True)
