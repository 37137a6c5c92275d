"""Finding cases by words, whatever keyboard they were typed on."""

from sqlalchemy import ColumnElement, and_, true

from civicportal.cases.models import Case
from civicportal.persian import key

MOST_WORDS = 8


def escape_like(text: str) -> str:
    """Return a text in which ``%``, ``_`` and the escape sign itself stand for themselves."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def matches(words: str) -> ColumnElement[bool]:
    """Return the condition that every word occurs somewhere in the case."""
    terms = key(words).split()[:MOST_WORDS]
    return and_(true(), *(Case.search_text.like(f"%{escape_like(term)}%", escape="\\") for term in terms))
