"""Who may give what to whom: nobody gives more than they have, and somebody is left who may do everything."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from civicportal.accounts.errors import LastAdministrator
from civicportal.accounts.models import Deputy, Membership, Role, User
from civicportal.errors import Forbidden
from civicportal.organization.services import OrganizationService
from civicportal.security import Grant, Identity

if TYPE_CHECKING:
    from civicportal.work import Work


class RightsService:
    """The rules, asked before anything is changed."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def may_give(
        self, role: Role, unit_id: int | None, category_id: int | None, *, by: Identity | None = None
    ) -> bool:
        """Tell whether a role may be given within a scope; what somebody holds as a deputy does not count.

        :param by: who gives it; the actor if None.
        """
        giver = by or self.work.actor
        if giver.door == "system":
            return True
        organization = self.work.get(OrganizationService)
        units = organization.units.subtree(unit_id) if unit_id else None
        categories = organization.categories.subtree(category_id) if category_id else None
        wide = [
            grant
            for grant in giver.grants
            if grant.own and _within(units, grant.units) and _within(categories, grant.categories)
        ]
        return _all_given(wide, role, (right.permission for right in role.permissions))

    def may_lend(self, user: User) -> bool:
        """Tell whether the actor may pass on everything that somebody holds themselves: what their deputy gets."""
        return self._may_give_all(user.memberships)

    def may_take_hold(self, user: User) -> bool:
        """Tell whether the actor could give everything that an account gives or will give, as a deputy's too."""
        return self._may_give_all(self._given_by_account(user))

    def holds_everywhere(self, permission: str) -> bool:
        """Tell whether the actor has a right in every unit and category, so that a role may contain it."""
        actor = self.work.actor
        everywhere = (grant for grant in actor.grants if grant.own and _is_unlimited(grant))
        return actor.door == "system" or any(grant.gives(permission) for grant in everywhere)

    def require_manage(self, user: User) -> None:
        """Let only administrators change what concerns an administrator, or who stands in for one now or later.

        :raises Forbidden: for anybody else.
        """
        actor = self.work.actor
        may = actor.door == "system" or any(grant.own and grant.administrator for grant in actor.grants)
        if not may and any(row.role.builtin for row in self._given_by_account(user)):
            raise Forbidden("only an administrator changes an administrator")

    def require_another_administrator(self, user: User) -> None:
        """Make sure that somebody else can do everything once this person cannot.

        :raises LastAdministrator: when nobody else holds the built-in role.
        """
        # Of two administrators who close the doors to each other at one moment, the second sees the first one's deed.
        self.session.execute(select(Role.id).where(Role.builtin).with_for_update())
        holders = (
            select(func.count(User.id.distinct()))
            .join(Membership, Membership.user_id == User.id)
            .join(Role, Role.id == Membership.role_id)
            .where(Role.builtin, User.disabled_at.is_(None), User.deleted_at.is_(None))
        )
        others = self.session.scalar(holders.where(User.id != user.id))
        if not others and self.session.scalar(holders.where(User.id == user.id)):
            raise LastAdministrator

    def _may_give_all(self, memberships: Iterable[Membership]) -> bool:
        return all(self.may_give(row.role, row.unit_id, row.category_id) for row in memberships)

    def _given_by_account(self, user: User) -> Sequence[Membership]:
        """Return what somebody holds, and what those hold for whom they stand in today or later.

        Of an absent person who is disabled too: they may be let in again meanwhile.
        """
        today = self.work.site.calendar.today(self.work.clock.now())
        absent = select(Deputy.absent_id).where(Deputy.deputy_id == user.id, Deputy.last_day >= today)
        held = or_(Membership.user_id == user.id, Membership.user_id.in_(absent))
        return self.session.scalars(select(Membership).where(held)).all()


def _all_given(grants: list[Grant], role: Role, permissions: Iterable[str]) -> bool:
    if role.builtin:
        return any(grant.administrator for grant in grants)
    return all(any(grant.gives(permission) for grant in grants) for permission in permissions)


def _is_unlimited(grant: Grant) -> bool:
    return grant.units is None and grant.categories is None


def _within(part: frozenset[int] | None, whole: frozenset[int] | None) -> bool:
    return whole is None or (part is not None and part <= whole)
