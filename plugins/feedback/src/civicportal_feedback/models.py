"""The 1:1 detail of a case of kind "feedback", and its publication."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api.cases import Case
from civicportal.api.database import BigId, UTCDateTime, new_metadata, tagged_column
from civicportal.api.organization import Unit
from civicportal.api.publishing import PublicString


class FeedbackBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()
    type_annotation_map = {datetime: UTCDateTime}


class Feedback(FeedbackBase):
    """Subject and consent of a message, without data about the sender."""

    __tablename__ = "feedback_feedback"
    __table_args__ = (Index(None, "type"), Index(None, "unit_id"))

    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: One of :data:`~civicportal_feedback.kinds.TYPES`.
    type: Mapped[str] = tagged_column(String(12))
    #: The unit it is about; None for the municipality in general. The unit that works on it is in the case.
    unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey(Unit.id, ondelete="CASCADE"))
    anonymous: Mapped[bool] = tagged_column(Boolean, default=False)
    #: The sender agrees to an anonymous publication of message and answer.
    consent: Mapped[bool] = tagged_column(Boolean, default=False)


class Publication(FeedbackBase):
    """Message and answer as edited by an officer for publication."""

    __tablename__ = "feedback_publication"
    __table_args__ = (Index(None, "public", "published_at"),)

    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    heard: Mapped[str] = tagged_column(PublicString(300), pii="content", erase="row")
    done: Mapped[str] = tagged_column(PublicString(), pii="content", erase="row")
    #: False after it was withdrawn; the text is kept.
    public: Mapped[bool] = tagged_column(Boolean, default=True)
    published_at: Mapped[datetime] = tagged_column()
