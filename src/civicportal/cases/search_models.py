"""The words that cases use, for proposals when a search finds nothing."""

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped

from civicportal.db import Base, tagged
from civicportal.persian import LONGEST_WORD


class SearchWord(Base):
    """A word that several cases use. The table is rebuilt again and again, so that it keeps nobody's words."""

    __tablename__ = "search_words"

    word: Mapped[str] = tagged(String(LONGEST_WORD), primary_key=True)
    cases: Mapped[int] = tagged(Integer)
