"""The rule of a search by words, exact and the same on both databases: which cases have what was typed."""

from sqlalchemy import ColumnElement, and_, func, or_

from civicportal.core.security import Identity
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.query_parser import SearchQuery, SearchTerm
from civicportal.util.queries import Expression


def rule(wanted: SearchQuery, actor: Identity, dialect: str) -> ColumnElement[bool]:
    """Return the condition on ``Case`` that all words occur; names of citizens count where the actor may see the contact.

    :param dialect: "sqlite" or "postgresql".
    """
    words = and_(*(_stands_in_words(term, dialect) for term in wanted.terms))
    if not knows_people(actor):
        return words
    either = (
        or_(_stands_in_words(term, dialect), occurs(term, Case.search_person, dialect))
        for term in wanted.terms
    )
    return or_(words, and_(*either, visible(actor, "contact", walked=True)))


def knows_people(actor: Identity) -> bool:
    """Return whether there may be cases whose contact the actor may see."""
    if actor.door == "system":
        return True
    return actor.is_staff and any(
        grant.administrator or any(name.endswith(":case:contact") for name in grant.permissions)
        for grant in actor.grants
    )


def occurs(term: SearchTerm, column: Expression, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a term occurs in a column of words as :func:`civicportal.util.persian.folded` keeps them."""
    place = func.strpos if dialect == "postgresql" else func.instr
    end = "" if term.goes_on else " "
    spaced = " " + column + " "
    return or_(*(place(spaced, f" {' '.join(spelling)}{end}") > 0 for spelling in term.spellings))


def code_begins(digits: str) -> ColumnElement[bool]:
    """Return the condition that a tracking code begins with these digits."""
    # Both databases find a span of codes by their index; ":" is what follows "9".
    return and_(Case.code >= digits, Case.code < f"{digits}:")


def _stands_in_words(term: SearchTerm, dialect: str) -> ColumnElement[bool]:
    found = occurs(term, Case.search_text, dialect)
    return or_(found, code_begins(term.code)) if term.code else found
