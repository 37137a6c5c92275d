"""Who sends a request: the session of its token, and the rights that hold at this moment."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import select, update

from civicportal.accounts.models import Deputy, Membership, Session, User
from civicportal.accounts.sessions import SessionService
from civicportal.accounts.types import IdentityClaim
from civicportal.db import short_transaction
from civicportal.organization.services import OrganizationService
from civicportal.security import VISITOR, Door, Grant, Identity

if TYPE_CHECKING:
    from civicportal.site import Site
    from civicportal.work import Work

__all__ = ["IdentityClaim", "identity_of", "load_identity"]

SEEN_EVERY = timedelta(minutes=1)
ADMINISTRATOR = "administrator"
"""Key of the built-in role that holds every right."""


def load_identity(site: "Site", token: str) -> Identity:
    """Return who holds the session of this token, in a short transaction of its own; a visitor if nobody does.

    Rights are read anew each time, so that what is taken away is gone with the next request.
    """
    with site.work(actor=VISITOR, write=False) as work:
        found = work.get(SessionService).live(token)
        if found is None:
            return VISITOR
        session, user = found
        # A session is only ever opened for a door, see SessionService.open.
        identity = identity_of(work, user, cast("Door", session.door), session.id)
    _mark_seen(site, session)
    return identity


def identity_of(work: "Work", user: User, door: Door, session_id: int | None = None) -> Identity:
    """Return the identity of a person who came in by a door; only the staff door gives grants."""
    absent = _absent(work, user) if door == "staff" else []
    own = _memberships(work, [user.id]) if door == "staff" else []
    lent = _memberships(work, absent)
    return Identity(
        user_id=user.id,
        name=user.name,
        door=door,
        level=user.level,
        mobile=user.mobile,
        session_id=session_id,
        grants=tuple(_grant(work, row, own=row.user_id == user.id) for row in (*own, *lent)),
        deputy_for=frozenset(absent),
    )


def _absent(work: "Work", user: User) -> list[int]:
    """Return the people whose deputy this person is today."""
    today = work.clock.now().astimezone(work.site.timezone).date()
    return list(
        work.session.scalars(
            select(Deputy.absent_id)
            .join(User, User.id == Deputy.absent_id)
            .where(
                Deputy.deputy_id == user.id,
                Deputy.first_day <= today,
                Deputy.last_day >= today,
                User.disabled_at.is_(None),
                User.deleted_at.is_(None),
            )
            .distinct()
        )
    )


def _memberships(work: "Work", user_ids: Iterable[int]) -> list[Membership]:
    ids = list(user_ids)
    if not ids:
        return []
    query = select(Membership).where(Membership.user_id.in_(ids)).order_by(Membership.id)
    return list(work.session.scalars(query))


def _grant(work: "Work", membership: Membership, *, own: bool) -> Grant:
    organization = work.get(OrganizationService)
    role, unit, category = membership.role, membership.unit_id, membership.category_id
    return Grant(
        permissions=frozenset(permission.permission for permission in role.permissions),
        administrator=role.builtin and role.key == ADMINISTRATOR,
        units=organization.units.subtree(unit) if unit else None,
        categories=organization.categories.subtree(category) if category else None,
        unit_id=unit,
        own=own,
        holder_id=membership.user_id,
    )


def _mark_seen(site: "Site", session: Session) -> None:
    now = site.clock.now()
    if now - session.last_seen_at < SEEN_EVERY:
        return
    with short_transaction(site.engines) as connection:
        connection.execute(update(Session).where(Session.id == session.id).values(last_seen_at=now))
        connection.execute(update(User).where(User.id == session.user_id).values(last_seen_at=now))
