"""Change of a mobile number."""

from sqlalchemy.exc import IntegrityError

from civicportal.core.work import Service
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.proofs import require_own_realm
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.verification import VerificationService
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import Conflict, Forbidden, Refused
from civicportal.util.i18n import _


class MobileTaken(Conflict):
    """Another account has this number."""


class MobileService(Service):
    """Change the number a person signs in with."""

    def change(self, user: User, mobile: str) -> None:
        """Change a number, and end the other sessions.

        The previous number is notified.

        A verified identity has to be verified again with the new number.

        :param mobile: E.164, verified to be the person's.
        :raises Forbidden: for a member of staff in a citizen session.
        :raises MobileTaken: when it belongs to another account.
        """
        require_own_realm(self.work.actor, user)
        former = self._set(user, mobile)
        self.work.get(SessionService).end_all_others(user, self.work.actor.session_id)
        self._tell(user, former)

    def replace(self, user: User, mobile: str) -> None:
        """Set the number of a member of staff.

        It is typed by an administrator; the member is signed out everywhere.

        Codes go there from now on, and password links sent for the old number are revoked: so the actor
        must be able to grant every right that the account has, now or later as a deputy.

        :param mobile: E.164.
        :raises Forbidden: when the account gives more than the actor has.
        :raises Refused: for oneself, for citizens, and for an account that is deleted.
        :raises MobileTaken: when it belongs to another account.
        """
        if user.id == self.work.actor.user_id:
            raise Refused(_("Change your own number in your account: a code proves it."))
        if user.username is None or user.deleted_at is not None:
            raise Refused(_("Only the number of a member of staff is changed here."))
        rights = self.work.get(RightsService)
        rights.require_manage(user)
        if not rights.may_control_account(user):
            raise Forbidden("the account holds more than who would change its number")
        former = self._set(user, mobile)
        self.work.get(SessionService).end_everything(user)
        self._tell(user, former)

    def _set(self, user: User, mobile: str) -> str | None:
        former = user.mobile
        owner = self.work.get(AccountService).by_mobile(mobile)
        if owner is not None and owner.id != user.id:
            raise MobileTaken("the number is another account's")
        try:
            with self.work.savepoint():
                user.mobile = mobile
                self.session.flush()
        except IntegrityError:
            raise MobileTaken("the number became another account's") from None
        return former

    def _tell(self, user: User, former: str | None) -> None:
        self.work.get(AuditService).record("member:mobile", subject_id=user.id)
        self.work.get(VerificationService).verify_again(user)
        if former:
            self.work.get(AccountMessages).keep_owner(former, user.id)
            self.work.get(AccountMessages).notify_number("member.mobile_changed", former, user_id=user.id)
