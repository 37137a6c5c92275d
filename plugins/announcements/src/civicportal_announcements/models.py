"""Announcements, their pictures, and broadcasts."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api.cases import Attachment
from civicportal.api.database import BigId, UTCDateTime, id_column, new_metadata, tagged_column
from civicportal_announcements.markup import plain_text

LEAD = 160
"""Maximum characters of the beginning of a text on cards and in link previews."""


class AnnouncementsBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()
    type_annotation_map = {datetime: UTCDateTime}


class Post(AnnouncementsBase):
    """An announcement. Its visibility follows from ``published``, both times and the clock."""

    __tablename__ = "announcements_post"
    __table_args__ = (Index(None, "pinned", "weight"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    #: Version for optimistic locking, incremented with every change of the text.
    version: Mapped[int] = tagged_column(Integer, default=1)
    title: Mapped[str] = tagged_column(String(150))
    #: Text of the card; empty for the beginning of the text.
    summary: Mapped[str] = tagged_column(String(300), default="")
    #: Markdown.
    body: Mapped[str] = tagged_column(Text)
    #: Title, summary and text as ``persian.key`` folds them.
    search_text: Mapped[str] = tagged_column(Text)
    published: Mapped[bool] = tagged_column(Boolean, default=False)
    starts_at: Mapped[datetime | None] = tagged_column(index=True)
    ends_at: Mapped[datetime | None] = tagged_column(index=True)
    pinned: Mapped[bool] = tagged_column(Boolean, default=False)
    #: Higher ones come first among the pinned, and among the others.
    weight: Mapped[int] = tagged_column(Integer)
    author_id: Mapped[int | None] = tagged_column(BigId, erase="null", of="author_id")
    created_at: Mapped[datetime] = tagged_column()
    updated_at: Mapped[datetime] = tagged_column()
    #: Hidden since then, and erased after a month.
    deleted_at: Mapped[datetime | None] = tagged_column(index=True)

    @property
    def lead(self) -> str:
        """Return the summary, by default the beginning of the text."""
        return self.summary or plain_text(self.body, LEAD)


class PostImage(AnnouncementsBase):
    """A picture of an announcement; its files are those of the attachment."""

    __tablename__ = "announcements_image"
    __table_args__ = (
        CheckConstraint("focus_x BETWEEN 0 AND 100 AND focus_y BETWEEN 0 AND 100", name="focus"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = id_column()
    post_id: Mapped[int] = tagged_column(BigId, ForeignKey(Post.id, ondelete="CASCADE"), index=True)
    attachment_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(Attachment.id, ondelete="CASCADE"), unique=True
    )
    position: Mapped[int] = tagged_column(Integer)
    alt: Mapped[str] = tagged_column(String(200))
    caption: Mapped[str] = tagged_column(String(200), default="")
    #: Focal point for cropping: percent from the left and from the top.
    focus_x: Mapped[int] = tagged_column(Integer, default=50)
    focus_y: Mapped[int] = tagged_column(Integer, default=50)


class Broadcast(AnnouncementsBase):
    """An SMS to all subscribers of announcements."""

    __tablename__ = "announcements_broadcast"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    #: Idempotency key of the form.
    key: Mapped[str] = tagged_column(String(22), unique=True)
    post_id: Mapped[int | None] = tagged_column(BigId, ForeignKey(Post.id, ondelete="SET NULL"))
    author_id: Mapped[int | None] = tagged_column(BigId, erase="null", of="author_id")
    #: As it is sent, including the opt-out notice.
    text: Mapped[str] = tagged_column(Text)
    #: Confirmed numbers: people, parts of one message, price of a part.
    recipients: Mapped[int] = tagged_column(Integer)
    parts: Mapped[int] = tagged_column(Integer)
    part_price: Mapped[float] = tagged_column(Float, default=0)
    #: User id up to which messages are queued, and the last one at the time of confirmation.
    cursor: Mapped[int] = tagged_column(BigId, default=0)
    last_id: Mapped[int] = tagged_column(BigId)
    created_at: Mapped[datetime] = tagged_column(index=True)
    filled_at: Mapped[datetime | None] = tagged_column()
    stopped_at: Mapped[datetime | None] = tagged_column()

    @property
    def batch(self) -> str:
        """Return the batch name of its messages."""
        return f"announcement:{self.id}"

    @property
    def cost(self) -> float:
        """Return the expected cost."""
        return self.recipients * self.parts * self.part_price
