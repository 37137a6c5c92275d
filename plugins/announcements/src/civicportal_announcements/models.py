"""Announcements, their pictures, and the texts that were sent to many people."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api import Attachment, BigId, UTCDateTime, id_column, new_metadata, tagged


class AnnouncementsBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()
    type_annotation_map = {datetime: UTCDateTime}


class Post(AnnouncementsBase):
    """An announcement. Whether citizens see it follows from ``published``, the two moments and the clock."""

    __tablename__ = "announcements_post"
    __table_args__ = (Index(None, "pinned", "weight"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    #: Counted up with every change of the text: the form of somebody slower is a conflict.
    version: Mapped[int] = tagged(Integer, default=1)
    title: Mapped[str] = tagged(String(150))
    #: What stands on the card; empty for the beginning of the text.
    summary: Mapped[str] = tagged(String(300), default="")
    #: Small Markdown.
    body: Mapped[str] = tagged(Text)
    #: Title, summary and text as ``persian.key`` folds them.
    search_text: Mapped[str] = tagged(Text)
    published: Mapped[bool] = tagged(Boolean, default=False)
    starts_at: Mapped[datetime | None] = tagged(index=True)
    ends_at: Mapped[datetime | None] = tagged(index=True)
    pinned: Mapped[bool] = tagged(Boolean, default=False)
    #: Heavier ones stand further up among the pinned, and among the others.
    weight: Mapped[int] = tagged(Integer)
    author_id: Mapped[int | None] = tagged(BigId, erase="null", of="author_id")
    created_at: Mapped[datetime] = tagged()
    updated_at: Mapped[datetime] = tagged()
    #: It is hidden from then on, and erased after a month.
    deleted_at: Mapped[datetime | None] = tagged(index=True)


class PostImage(AnnouncementsBase):
    """A picture of an announcement; its files are those of the attachment."""

    __tablename__ = "announcements_image"
    __table_args__ = (
        CheckConstraint("focus_x BETWEEN 0 AND 100 AND focus_y BETWEEN 0 AND 100", name="focus"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column()
    post_id: Mapped[int] = tagged(BigId, ForeignKey(Post.id, ondelete="CASCADE"), index=True)
    attachment_id: Mapped[int] = tagged(BigId, ForeignKey(Attachment.id, ondelete="CASCADE"), unique=True)
    position: Mapped[int] = tagged(Integer)
    alt: Mapped[str] = tagged(String(200))
    caption: Mapped[str] = tagged(String(200), default="")
    #: What must stay visible where the picture is cut: percent from the left and from the top.
    focus_x: Mapped[int] = tagged(Integer, default=50)
    focus_y: Mapped[int] = tagged(Integer, default=50)


class Broadcast(AnnouncementsBase):
    """A text to everybody who asked for announcements by SMS."""

    __tablename__ = "announcements_broadcast"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    #: Of the form: sent twice, it is acted on once.
    key: Mapped[str] = tagged(String(22), unique=True)
    post_id: Mapped[int | None] = tagged(BigId, ForeignKey(Post.id, ondelete="SET NULL"))
    author_id: Mapped[int | None] = tagged(BigId, erase="null", of="author_id")
    #: As it is sent, the way out at its end.
    text: Mapped[str] = tagged(Text)
    #: What was confirmed: people, parts of one message, price of a part.
    recipients: Mapped[int] = tagged(Integer)
    parts: Mapped[int] = tagged(Integer)
    part_price: Mapped[float] = tagged(Float, default=0)
    #: User id up to which the outbox has been filled, and the last one there was when it was confirmed.
    cursor: Mapped[int] = tagged(BigId, default=0)
    last_id: Mapped[int] = tagged(BigId)
    created_at: Mapped[datetime] = tagged(index=True)
    filled_at: Mapped[datetime | None] = tagged()
    stopped_at: Mapped[datetime | None] = tagged()

    @property
    def batch(self) -> str:
        """Return what its messages are called together."""
        return f"announcement:{self.id}"

    @property
    def cost(self) -> float:
        """Return what it was expected to cost."""
        return self.recipients * self.parts * self.part_price
