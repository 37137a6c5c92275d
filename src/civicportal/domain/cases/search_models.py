"""Table of the words used in cases, for search suggestions."""

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, tagged_column
from civicportal.util.persian import LONGEST_WORD


class SearchWord(Base):
    """A word that several cases use.

    The table is rebuilt regularly, so it does not retain words of a single person.
    """

    __tablename__ = "search_words"

    word: Mapped[str] = tagged_column(String(LONGEST_WORD), primary_key=True)
    cases: Mapped[int] = tagged_column(Integer)
