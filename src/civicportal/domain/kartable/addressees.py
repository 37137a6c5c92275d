"""The people to whom a case may be referred by name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.persian import alphabetical

if TYPE_CHECKING:
    from civicportal.core.work import Work

Offered = Mapping[int, Sequence[tuple[int, str]]]
"""Ids and names of the staff of each unit, ordered by name."""


def of_units() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the active staff of a unit."""
    return (
        Membership.user_id == User.id,
        Membership.unit_id.is_not(None),
        User.disabled_at.is_(None),
        User.deleted_at.is_(None),
    )


def offered(work: "Work") -> Offered:
    """Return the people offered in forms.

    The submitted choice is validated against the current staff.
    """
    return work.reference("addressees", _read)


def _read(session: Session) -> Offered:
    query = select(Membership.unit_id, User.id, User.name).where(*of_units()).distinct()
    found: dict[int, list[tuple[int, str]]] = {}
    rows = session.execute(query)
    for unit_id, user_id, name in sorted(rows, key=lambda row: (alphabetical(row.name), row.id)):
        found.setdefault(unit_id or 0, []).append((user_id, name))
    return found


def works_for(work: "Work", user_id: int | None, unit_id: int) -> bool:
    """Return whether a person works in or above a unit."""
    path = [unit.id for unit in work.get(OrganizationService).units.path(unit_id)]
    at_work = (User.id == user_id, User.disabled_at.is_(None), User.deleted_at.is_(None))
    covers = or_(Membership.unit_id.is_(None), Membership.unit_id.in_(path))
    query = select(Membership.id).join(User, User.id == Membership.user_id).where(*at_work, covers)
    return work.session.scalar(query.limit(1)) is not None
