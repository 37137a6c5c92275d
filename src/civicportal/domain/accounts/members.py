"""Disabling, enabling, deleting and restoring of members."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.db import fetch_row
from civicportal.core.work import Service
from civicportal.domain.accounts.errors import UsernameTaken
from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import Forbidden, Refused
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

HIDDEN_FOR = timedelta(days=30)
"""Period in which a deleted member can be restored; then their data is erased."""
DELETED = _("This account is deleted: restore it first.")


class MemberService(Service):
    """Administration of members; every change is recorded in the audit trail."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.rights = work.get(RightsService)

    def fetch(self, user_id: int, *, lock: bool = False) -> User:
        """Return a member, also a disabled or deleted one.

        People may always fetch themselves.

        :param lock: lock it for update (``FOR UPDATE``).
        :raises NotFound: when there is none, or when they work outside the units that the actor manages.
        """
        user = fetch_row(self.session, User, user_id, lock=lock)
        if user.id != self.work.actor.user_id:
            self.rights.require_seen(user)
        return user

    def edit(self, user: User, *, name: str, username: str | None) -> None:
        """Change the name of a member.

        :param username: of staff; None leaves a citizen without one.
        :raises Forbidden: when it is an administrator's and the actor is none.
        :raises UsernameTaken: when the user name is taken.
        """
        self.rights.require_manage(user)
        taken = select(User.id).where(User.username == username, User.id != user.id)
        if username and self.session.scalar(taken) is not None:
            raise UsernameTaken
        user.name, user.username = name, username
        self.session.flush()
        self._record("member:edit", user)

    def remove_factors(self, user: User) -> None:
        """Remove a person's passkeys and authenticator app.

        The person is notified. From now on, mobile and password suffice to sign in, so the actor must be able to grant
        every right of the account, including future rights as a deputy.

        :raises Forbidden: when the account gives more than the actor has.
        :raises Refused: for oneself, and when there is none.
        """
        if user.id == self.work.actor.user_id:
            raise Refused(_("Remove your own second factors in your account."))
        if not self.work.get(FactorService).of(user):
            raise Refused(_("There is no second factor any more."))
        self.rights.require_manage(user)
        if not self.rights.may_control_account(user):
            raise Forbidden("the account holds more than who would take its second factor away")
        self.work.get(FactorService).remove_all(user)
        self.work.get(SessionService).end_everything(user)
        self.work.get(AccountMessages).notify("member.app_off", user)

    def disable(self, user: User) -> None:
        """Disable an account and end every session, in this transaction.

        :raises Forbidden: when it is an administrator and the actor is none.
        :raises LastAdministrator: when no one else holds the built-in role.
        :raises Refused: for oneself.
        """
        self._refuse_to_close(user)
        user.disabled_at = self.work.clock.now()
        self._close("member:disable", user)

    def enable(self, user: User) -> None:
        """Enable an account again.

        :raises Forbidden: when it is an administrator and the actor is none.
        """
        self.rights.require_manage(user)
        user.disabled_at = None
        self._record("member:enable", user)

    def delete(self, user: User) -> None:
        """Delete a person and disable sign-in.

        Their history stays; after thirty days their data is erased.

        :raises Forbidden: when it is an administrator and the actor is none.
        :raises LastAdministrator: when no one else holds the built-in role.
        :raises Refused: for oneself, and for a deleted person, whose data would be kept for longer.
        """
        self._refuse_to_close(user)
        if user.deleted_at is not None:
            raise Refused(DELETED)
        user.deleted_at, user.deleted_by_id = self.work.clock.now(), self.work.actor.user_id
        self._close("member:delete", user)

    def restore(self, user: User) -> None:
        """Restore a deleted person.

        :raises Forbidden: when it is an administrator and the actor is none.
        :raises Refused: when their data has been erased already.
        """
        self.rights.require_manage(user)
        until = self.kept_until(user)
        if user.erased_at or until is None or until <= self.work.clock.now():
            raise Refused(_("It is too late: the data of this person is erased."))
        user.deleted_at = user.deleted_by_id = None
        self._record("member:restore", user)

    @staticmethod
    def kept_until(user: User) -> datetime | None:
        """Return until when a deleted person can be restored.

        It is None if they are not deleted.
        """
        return user.deleted_at + HIDDEN_FOR if user.deleted_at else None

    def _refuse_to_close(self, user: User) -> None:
        if user.id == self.work.actor.user_id:
            raise Refused(_("Another administrator has to do this with your own account."))
        self.rights.require_manage(user)
        self.rights.require_another_administrator(user)

    def _close(self, action: str, user: User) -> None:
        self.work.get(SessionService).end_everything(user)
        self._record(action, user)

    def _record(self, action: str, user: User) -> None:
        self.work.get(AuditService).record(action, subject_id=user.id)
