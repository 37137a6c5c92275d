"""Tables of the help pages."""

from datetime import datetime

from sqlalchemy import Boolean, Index, Integer, String, Text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, id_column, tagged_column
from civicportal.core.reference import REFERENCE
from civicportal.core.translated import PER_LANGUAGE


class HelpQuestion(Base):
    """A frequent question with the city's answer.

    :ivar key: its name in the site's files; None for one written in the browser.
    :ivar locale: the language it is written in.
    :ivar position: its place among those of its language, from 1.
    :ivar answer: plain text; an empty line begins a paragraph.
    :ivar active: whether citizens see it.
    """

    __tablename__ = "help_questions"
    __table_args__ = (Index(None, "locale", "position"), {"info": {**REFERENCE, **PER_LANGUAGE}})

    id: Mapped[int] = id_column()
    key: Mapped[str | None] = tagged_column(String(60), unique=True)
    locale: Mapped[str] = tagged_column(String(12))
    position: Mapped[int] = tagged_column(Integer)
    question: Mapped[str] = tagged_column(String(200))
    answer: Mapped[str] = tagged_column(Text)
    active: Mapped[bool] = tagged_column(Boolean, default=True)
    updated_at: Mapped[datetime] = tagged_column()
