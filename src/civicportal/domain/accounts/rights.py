"""Rules for granting rights.

A manager of members with a unit manages the people of that unit and its subunits. They see every person
with a role there; actions on the whole account (name, mobile, password, sessions, deletion) need that all roles of the
person are there. :meth:`RightsService.seen` is the same rule in SQL; a property test compares both.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, exists, false, func, or_, select, true

from civicportal.core.security import Grant, Identity
from civicportal.core.work import Service
from civicportal.domain.accounts.errors import LastAdministrator
from civicportal.domain.accounts.identity import head_rights
from civicportal.domain.accounts.models import Deputy, Membership, Role, User
from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Forbidden, NotFound
from civicportal.util.i18n import _, listed

MANAGE = "core:member:manage"
NO_MORE = _("Only rights that the giver has there can be given. A token has those that its scopes leave.")
ELSEWHERE = _("Only who manages the members of the unit may do this.")
ADMINISTRATORS = _("Only an administrator changes an administrator, and not by a program.")


class RightsService(Service):
    """Checks of rights before changes."""

    def may_give(
        self, role: Role, unit_id: int | None, category_id: int | None, *, by: Identity | None = None
    ) -> bool:
        """Return whether a role may be granted within a scope.

        Rights held as a deputy do not count.

        :param by: the granting identity; the actor if None.
        """
        giver = by or self.work.actor
        if giver.realm == "system":
            return True
        organization = self.work.get(OrganizationService)
        units = organization.units.subtree(unit_id) if unit_id else None
        categories = organization.categories.subtree(category_id) if category_id else None
        wide = [
            grant
            for grant in giver.grants
            if grant.own and _within(units, grant.units) and _within(categories, grant.categories)
        ]
        left_out = self.unlimited_rights(role, unit_id, category_id)
        given = {right.permission for right in role.permissions if right.permission not in left_out}
        if not _all_given(wide, role, given):
            return False
        if units is None or role.builtin or LEAD not in given:
            return True
        # The head of a unit may see and work on all its cases, whatever the category of the membership.
        heading = [
            grant
            for grant in giver.grants
            if grant.own and grant.categories is None and _within(units, grant.units)
        ]
        return _all_given(heading, role, head_rights(self.work))

    def may_delegate(self, user: User) -> bool:
        """Return whether the actor may delegate a person's rights."""
        return self._may_give_all(user.memberships)

    def may_control_account(self, user: User) -> bool:
        """Return whether the actor could grant all rights of an account, including future ones as a deputy."""
        return self._may_give_all(self._given_by_account(user))

    def holds_everywhere(self, permission: str) -> bool:
        """Return whether the actor has a right without limits."""
        actor = self.work.actor
        if actor.realm == "system":
            return True
        everywhere = [grant for grant in actor.grants if grant.own and _is_unlimited(grant)]
        needed = {permission, *(head_rights(self.work) if permission == LEAD else ())}
        return all(any(grant.gives(name) for grant in everywhere) for name in needed)

    def managed_units(self, identity: Identity | None = None) -> frozenset[int] | None:
        """Return the units whose people an identity manages.

        It is None for all units and the citizens.

        :param identity: the actor if None.
        """
        identity = identity or self.work.actor
        if identity.realm == "system":
            return None
        scopes = [grant.units for grant in identity.grants if grant.gives(MANAGE)]
        if None in scopes:
            return None
        return frozenset().union(*(units for units in scopes if units is not None))

    def manages_within(self, unit_id: int | None, *, by: Identity | None = None) -> bool:
        """Return whether an identity manages the holders of roles in a unit.

        :param unit_id: None for a city-wide role.
        :param by: the identity; the actor if None.
        """
        units = self.managed_units(by)
        return units is None or unit_id in units

    def seen(self) -> ColumnElement[bool]:
        """Return the condition for people whose page the actor may open."""
        units = self.managed_units()
        if units is None:
            return true()
        if not units:
            return false()
        held = select(Membership.id).where(Membership.user_id == User.id, Membership.unit_id.in_(units))
        return exists(held).correlate(User)

    def sees(self, user: User) -> bool:
        """Return whether :meth:`seen` matches a loaded person."""
        units = self.managed_units()
        return units is None or any(row.unit_id in units for row in user.memberships)

    def require_seen(self, user: User) -> None:
        """Refuse a person whose page the actor may not open.

        :raises NotFound: so as not to reveal who works elsewhere.
        """
        if not self.sees(user):
            raise NotFound(f"no row {user.id} in users")

    def manages(self, user: User) -> bool:
        """Return whether the actor may change a person's account.

        All its roles, including future ones as a deputy, must be in units that the actor manages.
        """
        units = self.managed_units()
        held = self._given_by_account(user) if units is not None else ()
        return units is None or (bool(held) and all(row.unit_id in units for row in held))

    def require_manage(self, user: User) -> None:
        """Refuse to change an account outside the managed units.

        :raises Forbidden: when the account has a role outside the units that the actor manages; or see
            :meth:`require_not_above`.
        """
        if not self.manages(user):
            raise Forbidden("the person holds a role outside the units of who manages them", ELSEWHERE)
        self.require_not_above(user)

    def require_not_above(self, user: User) -> None:
        """Refuse to change an administrator unless the actor is one.

        :raises Forbidden: when the account is that of an administrator, or of a present or future deputy of one, and
            the actor is not an administrator.
        """
        actor = self.work.actor
        may = actor.realm == "system" or any(grant.own and grant.administrator for grant in actor.grants)
        if not may and any(row.role.builtin for row in self._given_by_account(user)):
            raise Forbidden("only an administrator changes an administrator", ADMINISTRATORS)

    def unlimited_rights(self, role: Role, unit_id: int | None, category_id: int | None) -> list[str]:
        """Return the rights that a limited membership does not give."""
        site = self.work.site
        left_out = site.rights_of_city if unit_id or category_id else frozenset()
        if category_id:
            left_out |= site.rights_of_units
        return sorted(left_out.intersection(right.permission for right in role.permissions))

    def titles(self, names: Iterable[str]) -> str:
        """Return the titles of rights, each once, as one text in the language of the site."""
        site = self.work.site
        titles = dict.fromkeys(site.localizer().translate(site.permissions[name].title) for name in names)
        return listed(titles, site.locale)

    def require_another_administrator(self, user: User) -> None:
        """Check that another administrator remains without this person.

        :raises LastAdministrator: when no one else holds the built-in role.
        """
        # If two administrators disable each other concurrently, the second waits for the first.
        self.session.execute(select(Role.id).where(Role.builtin).with_for_update())
        holders = (
            select(func.count(User.id.distinct()))
            .join(Membership, Membership.user_id == User.id)
            .join(Role, Role.id == Membership.role_id)
            .where(Role.builtin, User.disabled_at.is_(None), User.deleted_at.is_(None))
        )
        others = self.session.scalar(holders.where(User.id != user.id))
        if not others and self.session.scalar(holders):
            raise LastAdministrator

    def _may_give_all(self, memberships: Iterable[Membership]) -> bool:
        return all(self.may_give(row.role, row.unit_id, row.category_id) for row in memberships)

    def _given_by_account(self, user: User) -> Sequence[Membership]:
        """Return the roles of a person, and those of the people they represent, including disabled people.

        Disabled people may be enabled again.
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
