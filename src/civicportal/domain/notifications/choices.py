"""Notification preferences of people. Codes and security warnings are always sent."""

from dataclasses import asdict, dataclass, replace
from typing import Literal

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, exists, select, update

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.notifications.models import NotificationChoices, OutboxMessage

Choice = Literal["case_notices", "reminders", "broadcasts", "digest"]


@dataclass(frozen=True, kw_only=True)
class NotificationPreferences:
    """A person's preferences; the defaults apply to people who never changed them.

    :ivar case_notices: every transition of their cases.
    :ivar reminders: reminders of appointments, and questions after a case was closed.
    :ivar broadcasts: announcements of the city, on request.
    :ivar digest: for staff, a daily summary of new and overdue cases.
    """

    case_notices: bool = True
    reminders: bool = True
    broadcasts: bool = False
    digest: bool = False


class PreferenceService(Service):
    """Read and save notification preferences."""

    @staticmethod
    def wants(
        choice: Choice, user_id: SQLColumnExpression[int] | SQLColumnExpression[int | None] | None = None
    ) -> ColumnElement[bool]:
        """Return the condition for people who want this notification.

        :param user_id: of a person, or a column of the outer query; of each ``User`` if None.
        """
        column = getattr(NotificationChoices, choice)
        person = User.id if user_id is None else user_id
        row = select(NotificationChoices.user_id).where(NotificationChoices.user_id == person)
        if getattr(NotificationPreferences(), choice):
            return ~exists(row.where(~column)).correlate_except(NotificationChoices)
        return exists(row.where(column)).correlate_except(NotificationChoices)

    def of(self, user_id: int) -> NotificationPreferences:
        """Return a person's choices."""
        row = self.session.get(NotificationChoices, user_id)
        if row is None:
            return NotificationPreferences()
        return NotificationPreferences(
            **{name: getattr(row, name) for name in asdict(NotificationPreferences())}
        )

    def save(self, user_id: int, choices: NotificationPreferences) -> None:
        """Save a person's preferences.

        Changes are recorded in the audit trail as proof of consent.

        Queued announcements to a person who unsubscribes are cancelled.
        """
        before, after = asdict(self.of(user_id)), asdict(choices)
        changed = {name: value for name, value in after.items() if value != before[name]}
        if not changed:
            return
        row = NotificationChoices(user_id=user_id, updated_at=self.work.clock.now(), **after)
        self.session.merge(row)
        self.session.flush()
        if changed.get("broadcasts") is False:
            self._take_back(user_id)
        self.work.get(AuditService).record("choices:change", subject_id=user_id, **changed)

    def change(self, user_id: int, **wanted: bool) -> None:
        """Change some preferences: ``change(user_id, broadcasts=True)``."""
        self.save(user_id, replace(self.of(user_id), **wanted))

    def _take_back(self, user_id: int) -> None:
        waiting = (OutboxMessage.lane == "broadcasts", OutboxMessage.state == "new")
        self.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.user_id == user_id, *waiting)
            .values(state="cancelled")
            .execution_options(synchronize_session=False)
        )

    def announce_to(self, mobile: str, wanted: bool) -> None:
        """Subscribe or unsubscribe a number by SMS.

        An unknown number gets no announcements anyway.

        :param mobile: E.164.
        """
        user_id = self.session.scalar(select(User.id).where(User.mobile == mobile))
        if user_id is not None:
            self.change(user_id, broadcasts=wanted)

    def broadcast_audience(self) -> Select[int, str | None]:
        """Return id and mobile (E.164) of subscribers.

        The latest choice counts, whether by SMS or in the profile.
        """
        reachable = (User.mobile.is_not(None), User.disabled_at.is_(None), User.deleted_at.is_(None))
        return select(User.id, User.mobile).where(*reachable, self.wants("broadcasts"))
