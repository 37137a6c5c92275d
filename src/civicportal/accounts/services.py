"""Members: citizens by their mobiles, staff with user names, passwords, roles and their scope."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from civicportal.accounts.identity import ADMINISTRATOR
from civicportal.accounts.models import Membership, Role, User
from civicportal.accounts.sessions import SessionService
from civicportal.audit.services import AuditService
from civicportal.errors import CivicportalError, Forbidden
from civicportal.i18n import _
from civicportal.organization.models import Category, Unit
from civicportal.organization.services import OrganizationService
from civicportal.passwords import hash_password

if TYPE_CHECKING:
    from civicportal.work import Work


class LastAdministrator(CivicportalError):
    """The portal would be left without anyone who may do everything."""


class AccountService:
    """Make, find, change and disable members."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    # --- people

    def create_staff(self, *, username: str, name: str, mobile: str | None, password: str | None) -> User:
        """Return a member of staff; a citizen of this mobile becomes one, so that one person is one user.

        :param mobile: E.164; one-time codes go there.
        :param password: None until the person sets one.
        """
        user = self.by_mobile(mobile) if mobile else None
        if user is None:
            user = User(mobile=mobile, created_at=self.work.clock.now())
            self.session.add(user)
        user.username, user.name = username, name
        user.password_hash = hash_password(password) if password else None
        self.session.flush()
        self._record("member:create", user)
        return user

    def citizen_by_mobile(self, mobile: str, name: str = "") -> User:
        """Return the person of a mobile, made at level 1 if there is none.

        :param mobile: E.164, proved or told to an officer.
        :param name: of a new person, or of one without a name.
        """
        user = self.by_mobile(mobile) or self._new_citizen(mobile)
        user.name = user.name or name
        user.level = max(user.level or 0, 1)
        self.session.flush()
        return user

    def _new_citizen(self, mobile: str) -> User:
        # Of two who make the same person at one moment, the second finds the first one's.
        statement = self.work.site.engines.insert(User).values(
            mobile=mobile, level=1, created_at=self.work.clock.now()
        )
        self.session.execute(statement.on_conflict_do_nothing(index_elements=["mobile"]))
        return self.session.scalars(select(User).where(User.mobile == mobile)).one()

    def by_mobile(self, mobile: str) -> User | None:
        """Return the person of a mobile (E.164), the disabled too."""
        return self.session.scalar(select(User).where(User.mobile == mobile))

    def by_username(self, username: str) -> User | None:
        """Return the member of staff of a user name, the disabled too."""
        return self.session.scalar(select(User).where(User.username == username))

    def rename(self, user: User, name: str) -> None:
        """Give a person another name."""
        user.name = name
        self.session.flush()

    # --- passwords

    def set_password(self, user: User, password: str) -> None:
        """Set a password that the policy has passed, and end the person's other sessions."""
        user.password_hash = hash_password(password)
        actor = self.work.actor
        own = actor.session_id if actor.user_id == user.id else None
        self.work.get(SessionService).end_all_others(user, own)
        self._record("password:change", user)

    def password_words(self, user: User) -> Iterator[str]:
        """Yield what no password of this person may be built of."""
        site = self.work.site
        yield from (site.name, site.short_name, user.name, *user.name.split())
        yield from filter(None, (user.username, user.mobile and site.country.display_mobile(user.mobile)))

    # --- leaving

    def disable(self, user: User) -> None:
        """Close both doors to a person and end every session, in this transaction.

        :raises LastAdministrator: when nobody else holds the built-in role.
        """
        if self._is_last_administrator(user):
            raise LastAdministrator(f"user {user.id} is the only administrator")
        user.disabled_at = self.work.clock.now()
        self.work.get(SessionService).end_everything(user)
        self._record("member:disable", user)

    def enable(self, user: User) -> None:
        """Open the doors again."""
        user.disabled_at = None
        self._record("member:enable", user)

    # --- roles

    def ensure_administrator_role(self) -> Role:
        """Return the built-in role that holds every right, made if it is missing."""
        role = self.session.scalar(select(Role).where(Role.key == ADMINISTRATOR))
        if role is None:
            title = self.work.site.localizer().translate(_("System administrator"))
            role = Role(key=ADMINISTRATOR, title=title, builtin=True, permissions=[])
            self.session.add(role)
            self.session.flush()
        return role

    def add_membership(
        self, user: User, role: Role, *, unit: Unit | None = None, category: Category | None = None
    ) -> Membership:
        """Give a role, within a unit and a category where they are given.

        :raises Forbidden: when the actor would give more than they have themselves.
        """
        unit_id, category_id = unit.id if unit else None, category.id if category else None
        if not self._may_give(role, unit_id, category_id):
            raise Forbidden(f"role {role.key!r} holds more than its giver has")
        membership = Membership(user=user, role_id=role.id, unit_id=unit_id, category_id=category_id)
        self.session.add(membership)
        self.session.flush()
        self._record("role:give", user, role=role.key, unit=unit_id, category=category_id)
        return membership

    def _may_give(self, role: Role, unit_id: int | None, category_id: int | None) -> bool:
        actor = self.work.actor
        if actor.door == "system":
            return True
        organization = self.work.get(OrganizationService)
        units = organization.units.subtree(unit_id) if unit_id else None
        categories = organization.categories.subtree(category_id) if category_id else None
        wide = [
            grant
            for grant in actor.grants
            if grant.own and _within(units, grant.units) and _within(categories, grant.categories)
        ]
        if role.builtin:
            return any(grant.administrator for grant in wide)
        return all(any(grant.gives(right.permission) for grant in wide) for right in role.permissions)

    def _is_last_administrator(self, user: User) -> bool:
        # Of two administrators who close the doors to each other at one moment, the second sees the first one's deed.
        self.session.execute(select(Role.id).where(Role.builtin).with_for_update())
        holders = (
            select(func.count(User.id.distinct()))
            .join(Membership, Membership.user_id == User.id)
            .join(Role, Role.id == Membership.role_id)
            .where(Role.builtin, User.disabled_at.is_(None), User.deleted_at.is_(None))
        )
        others = self.session.scalar(holders.where(User.id != user.id))
        return not others and bool(self.session.scalar(holders.where(User.id == user.id)))

    def _record(self, action: str, user: User, **data: Any) -> None:
        self.work.get(AuditService).record(action, subject_id=user.id, **data)


def _within(part: frozenset[int] | None, whole: frozenset[int] | None) -> bool:
    return whole is None or (part is not None and part <= whole)
