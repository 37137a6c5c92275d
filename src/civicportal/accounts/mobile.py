"""Another mobile number for a person: proved by a code that went there, told to the number before."""

from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from civicportal.accounts import messages
from civicportal.accounts.models import User
from civicportal.accounts.services import AccountService
from civicportal.accounts.sessions import SessionService
from civicportal.accounts.verification import VerificationService
from civicportal.audit.services import AuditService
from civicportal.errors import Conflict

if TYPE_CHECKING:
    from civicportal.work import Work


class MobileTaken(Conflict):
    """Another account has this number."""


class MobileService:
    """Change the number a person signs in with."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def change(self, user: User, mobile: str) -> None:
        """Give a person another number and end their other sessions; the number before is told.

        Who was verified with the number before is asked for again.

        :param mobile: E.164, proved to be the person's.
        :raises MobileTaken: when it is another account's.
        """
        former = user.mobile
        owner = self.work.get(AccountService).by_mobile(mobile)
        if owner is not None and owner.id != user.id:
            raise MobileTaken("the number is another account's")
        try:
            with self.work.attempt():
                user.mobile = mobile
                self.session.flush()
        except IntegrityError:
            raise MobileTaken("the number became another account's") from None
        self.work.get(SessionService).end_all_others(user, self.work.actor.session_id)
        self.work.get(AuditService).record("member:mobile", subject_id=user.id)
        self.work.get(VerificationService).mobile_changed(user)
        if former:
            messages.tell_number(self.work, "member.mobile_changed", former)
