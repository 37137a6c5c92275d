"""Broadcasts: one text to many people in batches."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from civicportal.core.messages import MOST_AT_ONCE
from civicportal.core.work import Service
from civicportal.domain.notifications import timing
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.services import NotificationService


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """Numbers of messages of a batch by state.

    :ivar unknown: it is not known whether they were sent.
    """

    waiting: int = 0
    sent: int = 0
    unknown: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def promised(self) -> int:
        """Return the total number."""
        return self.waiting + self.sent + self.unknown + self.failed + self.cancelled


class BroadcastLane(Service):
    """Queue free texts, one for each person of a batch."""

    def quiet_until(self) -> datetime | None:
        """Return the end of the current quiet hours, or None outside them."""
        site = self.work.site
        quiet = self.work.get(NotificationService).quiet_hours
        around = timing.quiet_hours_around(self.work.clock.now(), quiet, site.calendar)
        return around[1] if around else None

    def queue(
        self, batch: str, kind: str, text: str, people: Sequence[tuple[int, str]], pace: timedelta
    ) -> None:
        """Queue a message for each person.

        Up to a hundred messages are due at the same time, so that they can be sent in one call; the next ones are due
        later.

        :param batch: name of the batch, at most 40 characters.
        :param kind: name of the messages; no registered text, so that no provider uses a template for it.
        :param people: user id and mobile (E.164).
        :param pace: average time between two messages.
        """
        now = self.work.clock.now()
        quiet = self.work.get(NotificationService).quiet_hours
        rows = [
            {
                "event_key": f"{batch}:{user_id}:sms",
                "batch": batch,
                "kind": kind,
                "lane": "broadcasts",
                "channel": "sms",
                "recipient": mobile,
                "user_id": user_id,
                "text": text,
                "fields": "{}",
                "state": "new",
                "attempts": 0,
                "last_error": "",
                "created_at": now,
                "next_at": timing.after_quiet_hours(
                    now + index // MOST_AT_ONCE * MOST_AT_ONCE * pace, quiet, self.work.site.calendar
                ),
            }
            for index, (user_id, mobile) in enumerate(people)
        ]
        if rows:
            statement = self.work.site.engines.insert(OutboxMessage).values(rows)
            self.session.execute(statement.on_conflict_do_nothing(index_elements=["event_key"]))

    def progress(self, batch: str) -> BatchProgress:
        """Count the messages of a batch."""
        query = select(OutboxMessage.state, func.count()).where(OutboxMessage.batch == batch)
        found: Counter[str] = Counter(dict(self.session.execute(query.group_by(OutboxMessage.state)).all()))
        return BatchProgress(
            waiting=found["new"] + found["leased"],
            sent=found["sent"],
            unknown=found["unknown"],
            failed=found["dead"],
            cancelled=found["cancelled"],
        )

    def cancel(self, batch: str) -> None:
        """Cancel the messages that are not sent yet."""
        self.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.batch == batch, OutboxMessage.state == "new")
            .values(state="cancelled")
            .execution_options(synchronize_session=False)
        )
