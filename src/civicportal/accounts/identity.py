"""Who sends a request: the session of its token, and the rights that hold at this moment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import bindparam, select, union, update
from sqlalchemy.orm import Session as OrmSession

from civicportal.accounts.models import Deputy, Membership, Role, Session, User
from civicportal.accounts.sessions import SessionService
from civicportal.accounts.types import IdentityClaim
from civicportal.db import BigId, short_transaction
from civicportal.organization.services import OrganizationService
from civicportal.security import VISITOR, Door, Grant, Identity

if TYPE_CHECKING:
    from civicportal.site import Site
    from civicportal.work import Work

__all__ = ["IdentityClaim", "identity_of", "load_identity"]

SEEN_EVERY = timedelta(minutes=1)
ADMINISTRATOR = "administrator"
"""Key of the built-in role that holds every right."""
_ABSENT = (
    select(Deputy.absent_id)
    .join(User, User.id == Deputy.absent_id)
    .where(
        Deputy.deputy_id == bindparam("user_id"),
        Deputy.first_day <= bindparam("today"),
        Deputy.last_day >= bindparam("today"),
        User.disabled_at.is_(None),
        User.deleted_at.is_(None),
    )
)
_HOLDER = union(select(bindparam("user_id", type_=BigId).label("id")), _ABSENT).subquery()
#: Memberships of a person and of those whose deputy they are; made once, for every request of staff asks for it.
_HELD = (
    select(_HOLDER.c.id.label("holder_id"), Membership.role_id, Membership.unit_id, Membership.category_id)
    .outerjoin(Membership, Membership.user_id == _HOLDER.c.id)
    .order_by(_HOLDER.c.id != bindparam("user_id"), Membership.id)
)


def load_identity(site: "Site", token: str) -> Identity:
    """Return who holds the session of this token, in a short transaction of its own; a visitor if nobody does.

    Rights are read anew each time, so that what is taken away is gone with the next request.
    """
    with site.work(actor=VISITOR, write=False) as work:
        found = work.get(SessionService).live_with_stamp(token)
        if found is None:
            return VISITOR
        session, user, stamp = found
        # Until the rights are known nobody acts; the trees they are read by are those of this moment.
        work.actor = replace(VISITOR, stamp=stamp)
        # A session is only ever opened for a door, see SessionService.open.
        identity = identity_of(work, user, cast("Door", session.door), session.id)
    _mark_seen(site, session)
    return replace(identity, stamp=stamp, has_kept=bool(session.data))


def identity_of(work: "Work", user: User, door: Door, session_id: int | None = None) -> Identity:
    """Return the identity of a person who came in by a door; only the staff door gives grants."""
    held = _held(work, user) if door == "staff" else []
    grants = [_grant(work, row, own=row.holder_id == user.id) for row in held if row.role_id is not None]
    return Identity(
        user_id=user.id,
        name=user.name,
        door=door,
        level=user.level,
        mobile=user.mobile,
        locale=user.locale or "",
        session_id=session_id,
        grants=tuple(grants),
        deputy_for=frozenset(row.holder_id for row in held) - {user.id},
    )


def _held(work: "Work", user: User) -> Sequence[Any]:
    """Return the memberships of a person and of those whose deputy they are today: their own first, in one statement.

    Somebody without a membership is there with an empty one.
    """
    today = work.clock.now().astimezone(work.site.timezone).date()
    return work.session.execute(_HELD, {"user_id": user.id, "today": today}).all()


def _grant(work: "Work", row: Any, *, own: bool) -> Grant:
    organization = work.get(OrganizationService)
    permissions, administrator = work.reference("roles", _read_roles)[row.role_id]
    return Grant(
        permissions=permissions,
        administrator=administrator,
        units=organization.units.subtree(row.unit_id) if row.unit_id else None,
        categories=organization.categories.subtree(row.category_id) if row.category_id else None,
        unit_id=row.unit_id,
        own=own,
        holder_id=row.holder_id,
    )


def _read_roles(session: OrmSession) -> dict[int, tuple[frozenset[str], bool]]:
    """Return of every role its rights, and whether it is the administrator's."""
    return {
        role.id: (
            frozenset(permission.permission for permission in role.permissions),
            role.builtin and role.key == ADMINISTRATOR,
        )
        for role in session.scalars(select(Role))
    }


def _mark_seen(site: "Site", session: Session) -> None:
    now = site.clock.now()
    if now - session.last_seen_at < SEEN_EVERY:
        return
    with short_transaction(site.engines) as connection:
        connection.execute(update(Session).where(Session.id == session.id).values(last_seen_at=now))
        connection.execute(update(User).where(User.id == session.user_id).values(last_seen_at=now))
