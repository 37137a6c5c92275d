"""Telling the citizen of a case what no change of it brings about, for instance that an appointment is near."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.accounts.models import User
from civicportal.cases.followers import FollowerService
from civicportal.notifications.choices import wants
from civicportal.notifications.notices import Facts, Notices
from civicportal.notifications.services import NotificationService

if TYPE_CHECKING:
    from civicportal.cases.models import Case
    from civicportal.work import Work


class ReminderService:
    """Promises reminders; who wants no messages of the case, or cannot be reached, gets none."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.notices = work.get(Notices)
        self.notifications = work.get(NotificationService)

    def remind(self, case: "Case", kind: str, *, moment: datetime, once: str, expires_at: datetime) -> None:
        """Promise one message to the citizen of a case.

        :param kind: key of the text.
        :param moment: the date and time that the message names.
        :param once: names the event; a second message of the same name is not written.
        :param expires_at: afterwards it is of no use any more.
        """
        user = self._citizen(case)
        if user is None or user.mobile is None:
            return
        locale = self.notifications.locale_of(user)
        facts = Facts(status=case.status, moment=moment, unit_id=case.unit_id)
        self.notifications.send(
            kind,
            recipient=user.mobile,
            user_id=user.id,
            case=case,
            locale=locale,
            fields=self.notices.fields(case, facts, locale),
            once=once,
            expires_at=expires_at,
        )

    def _citizen(self, case: "Case") -> User | None:
        if case.citizen_id not in self.work.get(FollowerService).recipients(case):
            return None
        reachable = (User.disabled_at.is_(None), User.deleted_at.is_(None), wants("case_notices"))
        return self.work.session.scalar(select(User).where(User.id == case.citizen_id, *reachable))
