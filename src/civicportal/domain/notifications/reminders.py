"""Notifications of a case's citizen that no change triggers, such as a reminder of an appointment."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.notifications.choices import wants
from civicportal.domain.notifications.notices import NoticeData, NoticeRenderer
from civicportal.domain.notifications.services import NotificationService

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.cases.models import Case


class ReminderService(Service):
    """Queue reminders for citizens who want them and can be reached."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.notices = work.get(NoticeRenderer)
        self.notifications = work.get(NotificationService)

    def remind(self, case: "Case", kind: str, *, moment: datetime, once: str, expires_at: datetime) -> None:
        """Queue one message to the citizen of a case.

        :param kind: key of the text.
        :param moment: date and time in the message.
        :param once: name of the event; a second message with the same name is ignored.
        :param expires_at: it is not sent after this time.
        """
        user = self._citizen(case)
        if user is None or user.mobile is None:
            return
        locale = self.notifications.locale_of(user)
        facts = NoticeData(status=case.status, moment=moment, unit_id=case.unit_id)
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
