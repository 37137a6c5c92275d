"""The 1:1 detail of a case of kind "feedback", and what is told of it in public."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api import BigId, Case, PublicString, Unit, UTCDateTime, new_metadata, tagged


class FeedbackBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()
    type_annotation_map = {datetime: UTCDateTime}


class Feedback(FeedbackBase):
    """What a message is about, and what its sender allows. Nothing in it says who that is."""

    __tablename__ = "feedback_feedback"
    __table_args__ = (Index(None, "type"), Index(None, "unit_id"))

    case_id: Mapped[int] = tagged(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: One of :data:`~civicportal_feedback.kinds.TYPES`.
    type: Mapped[str] = tagged(String(12))
    #: The unit it is about; None for the municipality in general. Who works on it says the case.
    unit_id: Mapped[int | None] = tagged(BigId, ForeignKey(Unit.id, ondelete="CASCADE"))
    anonymous: Mapped[bool] = tagged(Boolean, default=False)
    #: The sender agrees to message and answer being shown, without a name.
    consent: Mapped[bool] = tagged(Boolean, default=False)


class Publication(FeedbackBase):
    """Message and answer in the words of an officer: heard and done."""

    __tablename__ = "feedback_publication"
    __table_args__ = (Index(None, "public", "published_at"),)

    case_id: Mapped[int] = tagged(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    heard: Mapped[str] = tagged(PublicString(300), pii="content", erase="row")
    done: Mapped[str] = tagged(PublicString(), pii="content", erase="row")
    #: False once it was taken back; the words stay for another time.
    public: Mapped[bool] = tagged(Boolean, default=True)
    published_at: Mapped[datetime] = tagged()
