"""The actor of a request: session and current rights."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypedDict, Unpack

from sqlalchemy import ColumnElement, String, and_, bindparam, cast, or_, select, true, update
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import aliased

from civicportal.core.crypto import token_hash
from civicportal.core.db import short_transaction
from civicportal.core.reference import STAMP
from civicportal.core.security import Grant, Identity, Realm
from civicportal.domain.accounts.factors import RoleFacts, is_demanded
from civicportal.domain.accounts.models import Deputy, Membership, Role, Session, User, has_factor
from civicportal.domain.accounts.permissions import LEAD, LEAD_VERBS
from civicportal.domain.accounts.sessions import is_alive, is_idle
from civicportal.domain.accounts.types import IdentityClaim
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.queries import NamedRecord, Rows

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

__all__ = ["IdentityClaim", "identity_of", "load_identity"]

SEEN_EVERY = timedelta(minutes=1)
_ABSENT = aliased(User, name="absent")


def with_rights(query: Rows, is_staff: ColumnElement[bool]) -> Rows:
    """Join the memberships of a person, own ones first, and of the people they represent.

    A row has at most one membership, and a person may have several rows with the same one.
    """
    stands_in = and_(
        Deputy.deputy_id == User.id,
        Deputy.first_day <= bindparam("today"),
        Deputy.last_day >= bindparam("today"),
    )
    is_there = and_(
        _ABSENT.id == Deputy.absent_id, _ABSENT.disabled_at.is_(None), _ABSENT.deleted_at.is_(None)
    )
    is_held = or_(Membership.user_id == User.id, Membership.user_id == _ABSENT.id)
    return (
        query.add_columns(
            _ABSENT.id.label("absent_id"),
            Membership.id.label("membership_id"),
            Membership.user_id.label("holder_id"),
            Membership.role_id,
            Membership.unit_id,
            Membership.category_id,
        )
        .outerjoin(Deputy, and_(is_staff, stands_in))
        .outerjoin(_ABSENT, is_there)
        .outerjoin(Membership, and_(is_staff, is_held))
        .order_by(Membership.user_id != User.id, Membership.id)
    )


PERSON = (
    User.id.label("user_id"),
    User.name,
    User.level,
    User.mobile,
    User.locale,
    has_factor().label("has_factor"),
    STAMP.label("stamp"),
)
"""Columns that :func:`identity_of_rows` reads, besides ``realm`` and those of :func:`with_rights`."""


#: The holder of a session with their rights and the stamp of the reference data: all that most requests need, in one
#: statement, built once, with only the columns that are used.
_OF_TOKEN = with_rights(
    select(
        Session.id.label("session_id"),
        Session.realm.label("realm"),
        Session.last_seen_at,
        (cast(Session.data, String) != "{}").label("has_pending_forms"),
        *PERSON,
    )
    .select_from(Session)
    .join(User, User.id == Session.user_id)
    .where(Session.token_hash == bindparam("token_hash"), *is_alive(bindparam("now"))),
    is_staff=Session.realm == "staff",
)
_OF_USER = with_rights(select(User.id).where(User.id == bindparam("user_id")), is_staff=true())


class _Further(TypedDict, total=False):
    """Fields of an identity that depend on how the person has signed in."""

    session_id: int
    has_pending_forms: bool
    token_id: int


def load_identity(site: "Site", token: str) -> Identity:
    """Return the identity of this token's session, or a visitor.

    Sessions, memberships and deputies are read each time by one statement outside any unit of work, so that revoked
    rights are gone with the next request; roles and units come from the reference data of its stamp.
    """
    now = site.clock.now()
    asked = {"token_hash": token_hash(token), "now": now, "today": _today(site)}
    # Without the ORM: plain rows suffice, and every request would pay for it.
    with site.engines.read.connect() as connection:
        rows = connection.execute(_OF_TOKEN, asked).all()
    if not rows or is_idle(rows[0], now):
        return Identity.VISITOR
    person = rows[0]
    with site.work(actor=visitor_of(person), write=False) as work:
        identity = identity_of_rows(
            work, rows, session_id=person.session_id, has_pending_forms=person.has_pending_forms
        )
    _mark_seen(site, person, now)
    return identity


def visitor_of(person: NamedRecord) -> Identity:
    """Return the actor who loads the rights of a person.

    There is none until the rights are known; the trees they need are the current ones.
    """
    return replace(Identity.VISITOR, stamp=person.stamp or "")


def identity_of_rows(work: "Work", rows: Sequence[NamedRecord], **further: Unpack[_Further]) -> Identity:
    """Return the identity of a person who has signed in.

    :param rows: of one person, with the columns :data:`PERSON`, ``realm`` and those of :func:`with_rights`.
    """
    person = rows[0]
    rights = _rights(work, person.user_id, rows)
    if person.realm == "staff" and not person.has_factor and is_demanded(work.site, _roles_held(work, rows)):
        rights = _Rights(must_enrol=True)
    return Identity(
        user_id=person.user_id,
        name=person.name,
        realm=person.realm,
        level=person.level,
        mobile=person.mobile,
        locale=person.locale or "",
        stamp=person.stamp or "",
        **rights,
        **further,
    )


def identity_of(work: "Work", user: User, realm: Realm, session_id: int | None = None) -> Identity:
    """Return the identity of a person in a realm.

    Only staff sessions have grants.
    """
    asked = {"user_id": user.id, "today": _today(work.site)}
    held = work.session.execute(_OF_USER, asked).all() if realm == "staff" else []
    return Identity(
        user_id=user.id,
        name=user.name,
        realm=realm,
        level=user.level,
        mobile=user.mobile,
        locale=user.locale or "",
        session_id=session_id,
        **_rights(work, user.id, held),
    )


def _today(site: "Site") -> date:
    return site.clock.now().astimezone(site.timezone).date()


class _Rights(TypedDict, total=False):
    """Fields of an identity that follow from memberships."""

    grants: tuple[Grant, ...]
    deputy_for: frozenset[int]
    must_enrol: bool


def _rights(work: "Work", user_id: int, rows: Sequence[NamedRecord]) -> _Rights:
    """Return the fields of an identity from the rows of a person."""
    held = {row.membership_id: row for row in rows if row.membership_id is not None}
    grants = grants_of(work, held.values(), user_id) if held else ()
    return {
        "grants": tuple(grants),
        "deputy_for": frozenset(row.absent_id for row in rows if row.absent_id not in (None, user_id)),
    }


def every_right(work: "Work") -> frozenset[str]:
    """Return the rights of an administrator by name, those on cases of disabled services included."""
    return head_rights(work).union(work.site.permissions)


def _roles(work: "Work") -> dict[int, RoleFacts]:
    return work.reference("roles", _read_roles)


def _roles_held(work: "Work", rows: Sequence[NamedRecord]) -> list[RoleFacts]:
    """Return a person's roles, also those held as a deputy."""
    roles = _roles(work)
    return [roles[row.role_id] for row in rows if row.role_id in roles]


@dataclass(frozen=True, kw_only=True)
class HeldRole:
    """A role that is held without a membership, in the city or a unit."""

    holder_id: int
    role_id: int
    unit_id: int | None
    category_id: None = None


def grants_of(work: "Work", memberships: Iterable[NamedRecord | HeldRole], user_id: int) -> Iterator[Grant]:
    """Yield the grants of a person's memberships.

    There is one for each membership, and one more for each unit that the person heads.

    :param memberships: rows with ``holder_id``, ``role_id``, ``unit_id`` and ``category_id``.
    """
    roles = _roles(work)
    for row in memberships:
        role = roles.get(row.role_id)
        # The role was deleted after the rows were read.
        if role is not None:
            grant = _grant(work, row, role, own=row.holder_id == user_id)
            yield grant
            if LEAD in grant.permissions and (head := head_of(grant, head_rights(work))):
                yield head


def machine_of_row(work: "Work", person: NamedRecord, role: HeldRole | None, *, token_id: int) -> Identity:
    """Return the identity of a program with an account of its own.

    :param person: a row with the columns :data:`PERSON`.
    :param role: None if it has lost it.
    """
    return Identity(
        user_id=person.user_id,
        name=person.name,
        realm="staff",
        stamp=person.stamp or "",
        grants=tuple(grants_of(work, [role] if role else [], person.user_id)),
        token_id=token_id,
    )


def head_rights(work: "Work") -> frozenset[str]:
    """Return the rights of the head of a unit.

    They cover cases of every kind for which any role has rights.
    """
    kinds = _kinds(work, _roles(work).values())
    return frozenset(f"{kind}:case:{verb}" for kind in kinds for verb in LEAD_VERBS)


def head_of(grant: Grant, rights: frozenset[str]) -> Grant | None:
    """Return the additional grant of the head of a unit.

    It is None if the membership does not make its holder a head. A category limits the other rights of the membership,
    but not those of the head, who is responsible for all cases of the unit that no one else attends to.
    """
    if grant.units is None or grant.administrator or LEAD not in grant.permissions:
        return None
    return replace(grant, permissions=rights, categories=None, leads=True)


def _kinds(work: "Work", roles: Iterable[RoleFacts]) -> set[str]:
    """Return the kinds for which any role has rights, including those of disabled services."""
    names = (name for role in roles for name in role.permissions if ":case:" in name)
    return {*work.site.kind_titles, *(name.partition(":case:")[0] for name in names)}


def _grant(work: "Work", row: NamedRecord | HeldRole, role: RoleFacts, *, own: bool) -> Grant:
    organization, permissions = work.get(OrganizationService), role.permissions
    if row.unit_id or row.category_id:
        permissions -= work.site.rights_of_city
    if row.category_id:
        permissions -= work.site.rights_of_units
    return Grant(
        permissions=permissions,
        administrator=role.administrator,
        units=organization.units.subtree(row.unit_id) if row.unit_id else None,
        categories=organization.categories.subtree(row.category_id) if row.category_id else None,
        unit_id=row.unit_id,
        own=own,
        holder_id=row.holder_id,
    )


def _read_roles(session: OrmSession) -> dict[int, RoleFacts]:
    """Return the facts of every role by its id."""
    return {role.id: RoleFacts.of(role) for role in session.scalars(select(Role))}


def _mark_seen(site: "Site", person: NamedRecord, now: datetime) -> None:
    if now - person.last_seen_at < SEEN_EVERY:
        return
    with short_transaction(site.engines) as connection:
        connection.execute(update(Session).where(Session.id == person.session_id).values(last_seen_at=now))
        connection.execute(update(User).where(User.id == person.user_id).values(last_seen_at=now))
