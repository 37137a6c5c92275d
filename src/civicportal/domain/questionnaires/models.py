"""Questions that citizens answer in a report of a category, and their answers."""

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.core.reference import REFERENCE
from civicportal.util.values import Values


class CategoryQuestion(Base):
    """A question about a new case of a category; retired, not deleted, once it has answers."""

    __tablename__ = "category_questions"
    __table_args__ = (
        UniqueConstraint("category_id", "key"),
        {"sqlite_autoincrement": True, "info": REFERENCE},
    )

    id: Mapped[int] = id_column()
    category_id: Mapped[int] = tagged_column(BigId, ForeignKey("categories.id"))
    #: By which other software knows it; it does not change once there are answers.
    key: Mapped[str] = tagged_column(String(40))
    #: One of ``DATATYPES``, which are those of Open311.
    datatype: Mapped[str] = tagged_column(String(20))
    #: False: a text that is shown, without an answer.
    variable: Mapped[bool] = tagged_column(Boolean, default=True)
    label: Mapped[str] = tagged_column(String(200), translated="required")
    hint: Mapped[str] = tagged_column(String(500), default="", translated="required")
    required: Mapped[bool] = tagged_column(Boolean, default=False)
    #: The answer may be shown to everybody once the case is published; only for choices.
    public: Mapped[bool] = tagged_column(Boolean, default=False)
    #: Asked only if this earlier question has one of the choices of ``condition_keys``.
    condition_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("category_questions.id"))
    condition_keys: Mapped[list[str]] = tagged_column(JSON, default=list)
    weight: Mapped[int] = tagged_column(Integer, default=0)
    active: Mapped[bool] = tagged_column(Boolean, default=True)
    #: Texts of other languages: language, column, text.
    translations: Mapped[dict[str, Values]] = tagged_column(JSON, default=dict, server_default="{}")


class QuestionChoice(Base):
    """A choice of a question; retired, not deleted, once it was chosen."""

    __tablename__ = "question_choices"
    __table_args__ = (
        UniqueConstraint("question_id", "key"),
        {"sqlite_autoincrement": True, "info": REFERENCE},
    )

    id: Mapped[int] = id_column()
    question_id: Mapped[int] = tagged_column(BigId, ForeignKey("category_questions.id", ondelete="CASCADE"))
    key: Mapped[str] = tagged_column(String(40))
    label: Mapped[str] = tagged_column(String(200), translated="required")
    #: Shown to a citizen who chooses it, and whose report is then not taken; empty for an ordinary choice.
    stop: Mapped[str] = tagged_column(String(300), default="", translated="required")
    weight: Mapped[int] = tagged_column(Integer, default=0)
    active: Mapped[bool] = tagged_column(Boolean, default=True)
    #: Texts of other languages: language, column, text.
    translations: Mapped[dict[str, Values]] = tagged_column(JSON, default=dict, server_default="{}")


class CaseAnswer(Base):
    """One value of an answer of a case: a text, or one chosen choice, with the words as they were then."""

    __tablename__ = "case_answers"
    __table_args__ = (Index(None, "choice_id", "case_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("cases.id", ondelete="CASCADE"), index=True, erase="keep"
    )
    question_id: Mapped[int] = tagged_column(BigId, ForeignKey("category_questions.id"), index=True)
    choice_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("question_choices.id"))
    #: Label of the question, in the language of the site, when it was answered.
    asked: Mapped[str] = tagged_column(String(200))
    #: Label of the choice, likewise; empty for other answers.
    chosen: Mapped[str] = tagged_column(String(200), default="")
    #: Another answer: a text, a decimal number, a day or a time (ISO 8601).
    text: Mapped[str] = tagged_column(Text, default="", pii="content", erase="null")
