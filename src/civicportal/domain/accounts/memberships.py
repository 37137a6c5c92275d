"""Memberships: roles of people within units and categories."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.accounts.models import Membership, Role, User
from civicportal.domain.accounts.rights import ELSEWHERE, NO_MORE, RightsService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.organization.models import Category, Unit
from civicportal.util.errors import Conflict, Forbidden, NotFound, Refused
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work


class MembershipService(Service):
    """Grant roles to people and revoke them."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.rights = work.get(RightsService)

    def of(self, user: User) -> Sequence[Membership]:
        """Return a person's memberships, oldest first."""
        query = select(Membership).where(Membership.user_id == user.id).order_by(Membership.id)
        return self.session.scalars(query).all()

    def seen(self, user: User) -> str:
        """Return a digest of a person's roles, to detect stale forms."""
        ids = ",".join(str(row.id) for row in self.of(user))
        return hashlib.sha256(ids.encode()).hexdigest()[:16]

    def give(
        self,
        user: User,
        role: Role,
        *,
        unit: Unit | None = None,
        category: Category | None = None,
        by: Identity | None = None,
        seen: str | None = None,
    ) -> Membership:
        """Grant a role, optionally within a unit and a category.

        :param by: whose rights count; the actor's if None.
        :param seen: state shown in the form, see :meth:`seen`; None when the caller has just read it.
        :raises Conflict: when the person's roles were changed since.
        :raises Forbidden: when the actor does not have the rights of the role, or does not manage the unit's people.
        :raises Refused: when the person has it already, or the role applies to the whole city only.
        """
        self._lock(user, seen)
        unit_id, category_id = unit.id if unit else None, category.id if category else None
        self.refuse_unfit(user, role, unit_id, category_id)
        if not self.rights.may_give(role, unit_id, category_id, by=by):
            raise Forbidden(f"role {role.key!r} holds more than its giver has", NO_MORE)
        if not self.rights.manages_within(unit_id, by=by):
            raise Forbidden("the giver does not manage the people of this unit", ELSEWHERE)
        membership = Membership(user=user, role=role, unit_id=unit_id, category_id=category_id)
        self.session.add(membership)
        self.session.flush()
        self._record("role:give", membership)
        return membership

    def take(self, user: User, membership_id: int) -> None:
        """Revoke a role.

        :raises NotFound: when the person does not hold it.
        :raises Forbidden: when it is the administrator role and the actor is not one, or does not manage the unit's
            people.
        :raises LastAdministrator: when no other administrator would be left.
        """
        self._lock(user, None)
        membership = self.session.get(Membership, membership_id)
        if membership is None or membership.user_id != user.id:
            raise NotFound("no such membership")
        if not self.rights.manages_within(membership.unit_id):
            raise Forbidden("the actor does not manage the people of this unit", ELSEWHERE)
        if membership.role.builtin:
            self.rights.require_manage(user)
            self.rights.require_another_administrator(user)
        self._record("role:take", membership)
        user.memberships.remove(membership)
        self.session.flush()

    def refuse_unfit(
        self, user: User | None, role: Role, unit_id: int | None, category_id: int | None
    ) -> None:
        """Refuse an invalid membership, whatever rights the actor has.

        :raises Refused: when the person has it already, or the role contains a right that unit or category cannot
            limit.
        """
        if role.builtin and (unit_id or category_id):
            raise Refused(_("This role holds everywhere: leave unit and category empty."))
        unlimited = self.rights.unlimited_rights(role, unit_id, category_id)
        if unlimited:
            raise Refused(
                _(
                    "These rights of the role cannot be limited so: ${rights}. Leave unit and category empty, or take a role without these rights.",
                    mapping={"rights": self.rights.titles(unlimited)},
                )
            )
        held = user.memberships if user else []
        if any(
            (row.role_id, row.unit_id, row.category_id) == (role.id, unit_id, category_id) for row in held
        ):
            raise Refused(_("This person holds this role there already."))

    def _lock(self, user: User, seen: str | None) -> None:
        locked = select(User.id).where(User.id == user.id).with_for_update()
        self.session.execute(locked)
        self.session.expire(user, ["memberships"])
        if seen is not None and seen != self.seen(user):
            raise Conflict(f"the roles of user {user.id} were changed")

    def _record(self, action: str, membership: Membership) -> None:
        self.work.get(AuditService).record(
            action,
            subject_id=membership.user_id,
            role=membership.role.key,
            unit=membership.unit_id,
            category=membership.category_id,
        )
