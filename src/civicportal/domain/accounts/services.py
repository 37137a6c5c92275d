"""People: citizens by their mobiles, staff with user names, and their passwords."""

from collections.abc import Iterable, Iterator

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.accounts.devices import DeviceService
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.passwords import hash_password
from civicportal.domain.accounts.proofs import require_own_realm
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.services import AuditService


class AccountService(Service):
    """Create, find and change people."""

    # --- people

    def create_staff(self, *, username: str, name: str, mobile: str | None, password: str | None) -> User:
        """Create a member of staff.

        A citizen with this mobile becomes one, so one person has one account.

        :param mobile: E.164; one-time codes are sent there.
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
        """Return the person with a mobile, created if needed.

        New people have level 1.

        :param mobile: E.164, verified or given to an officer.
        :param name: of a new person, or of one without a name.
        """
        user = self.by_mobile(mobile) or self._new_citizen(mobile)
        user.name = user.name or name
        user.level = max(user.level or 0, 1)
        self.session.flush()
        return user

    def _new_citizen(self, mobile: str) -> User:
        # A concurrent transaction has created the same person: return that one.
        statement = self.work.site.engines.insert(User).values(
            mobile=mobile, level=1, created_at=self.work.clock.now()
        )
        self.session.execute(statement.on_conflict_do_nothing(index_elements=["mobile"]))
        return self.session.scalars(select(User).where(User.mobile == mobile)).one()

    def restore_account(self, user: User) -> bool:
        """Restore a person who had deleted their account.

        :returns: False when they had not.
        """
        if not user.has_left:
            return False
        user.deleted_at = user.deleted_by_id = None
        self.session.flush()
        self._record("member:return", user)
        return True

    def by_mobile(self, mobile: str) -> User | None:
        """Return the person with a mobile (E.164), including disabled ones."""
        return self.session.scalar(select(User).where(User.mobile == mobile))

    def by_username(self, username: str) -> User | None:
        """Return the member of staff with a user name, including disabled ones."""
        return self.session.scalar(select(User).where(User.username == username))

    def names(self, ids: Iterable[int | None]) -> dict[int, str]:
        """Return the names of people by id, in one statement; None stands for no one."""
        wanted = {user_id for user_id in ids if user_id}
        if not wanted:
            return {}
        return dict(self.session.execute(select(User.id, User.name).where(User.id.in_(wanted))).all())

    def rename(self, user: User, name: str) -> None:
        """Change the name of a person."""
        user.name = name
        self.session.flush()

    # --- passwords

    def set_password(self, user: User, password: str) -> None:
        """Set a password, and end the other sessions.

        :raises Forbidden: for a member of staff in a citizen session.
        """
        actor = self.work.actor
        require_own_realm(actor, user)
        user.password_hash = hash_password(password)
        own = actor.session_id if actor.user_id == user.id else None
        self.work.get(SessionService).end_all_others(user, own)
        self._record("password:change", user)

    def reset_password(self, user: User, password: str) -> None:
        """Replace a forgotten password.

        All sessions end, all devices become unknown, and the person is notified.

        :param password: one accepted by the policy.
        """
        self.set_password(user, password)
        self.work.get(SessionService).end_everything(user)
        self.work.get(DeviceService).forget_all(user)
        self.work.get(AccountMessages).notify("member.password_changed", user)

    def password_words(self, user: User) -> Iterator[str]:
        """Yield words that this person's password must not be based on."""
        site = self.work.site
        yield from (site.name, site.short_name, user.name, *user.name.split())
        yield from filter(None, (user.username, user.mobile and site.country.display_mobile(user.mobile)))

    def _record(self, action: str, user: User, **data: object) -> None:
        self.work.get(AuditService).record(action, subject_id=user.id, case_id=None, **data)
