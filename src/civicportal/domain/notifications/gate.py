"""The gate of the site's transport.

It is closed while sending fails, so that the sign-in page can say so. The closing is reported once: in the log, and on
the desk of users who may see messages.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import or_, update

from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.notifications.models import Gate, OutboxMessage
from civicportal.domain.notifications.outcomes import Verdict
from civicportal.domain.notifications.troubles import localized_reason
from civicportal.util.errors import Conflict

log = logging.getLogger(__name__)

MOST_FAILURES = 5
PROBE_EVERY = timedelta(minutes=1)
WORKER_GONE_AFTER = timedelta(seconds=30)


class SendingGateService(Service):
    """Read and update the gate of the site's transport."""

    @property
    def row(self) -> Gate | None:
        """Return the row; None before a worker has run."""
        return self.session.get(Gate, self.work.site.transport)

    @property
    def is_open(self) -> bool:
        """Return whether messages can be sent, as far as known."""
        return self.row is None or self.row.open

    @property
    def is_worker_alive(self) -> bool:
        """Return whether a worker was active recently."""
        seen = self.row.worker_seen_at if self.row else None
        return seen is not None and self.work.clock.now() - seen < WORKER_GONE_AFTER

    @property
    def works(self) -> bool:
        """Return whether a code requested now can be expected to arrive."""
        return self.is_open and self.is_worker_alive

    def worked_at(self, moment: datetime) -> bool:
        """Return whether messages could be sent at a time."""
        if self.works or self.row is None:
            return self.works
        stopped = self.row.since if not self.row.open else self.row.worker_seen_at
        return stopped is not None and moment < stopped

    def seen(self) -> None:
        """Record that a worker is alive."""
        now = self.work.clock.now()
        statement = self.work.site.engines.insert(Gate).values(
            transport=self.work.site.transport,
            open=True,
            since=now,
            reason="",
            failures=0,
            worker_seen_at=now,
        )
        self.session.execute(
            statement.on_conflict_do_update(index_elements=["transport"], set_={"worker_seen_at": now})
        )

    def may_probe(self) -> bool:
        """Return whether a closed gate may be tried now."""
        row = self.row
        return row is not None and (
            row.probed_at is None or self.work.clock.now() - row.probed_at >= PROBE_EVERY
        )

    def take_probe(self) -> bool:
        """Take the single probe of this minute.

        :returns: False when another lane or worker has it.
        """
        now = self.work.clock.now()
        due = or_(Gate.probed_at.is_(None), Gate.probed_at <= now - PROBE_EVERY)
        taken = self.session.scalar(
            update(Gate)
            .where(Gate.transport == self.work.site.transport, ~Gate.open, due)
            .values(probed_at=now)
            .returning(Gate.transport)
            .execution_options(synchronize_session=False)
        )
        return taken is not None

    def judge(self, verdict: Verdict, reason: str) -> None:
        """Open or close the gate by an attempt's verdict.

        An attempt without a verdict leaves its probe to the next.

        :param reason: of the failure, as stored by :func:`~civicportal.domain.notifications.troubles.keep`.
        """
        row = self.session.get(Gate, self.work.site.transport, with_for_update=True)
        if row is None:
            return
        if verdict == "unknown":
            row.probed_at = None
            return
        if verdict == "works":
            self._succeeded(row)
            return
        row.failures += 1
        row.reason = reason
        if row.open and (verdict == "misconfigured" or row.failures >= MOST_FAILURES):
            row.open, row.since, row.probed_at = False, self.work.clock.now(), self.work.clock.now()
            log.error("no message gets through %s any more: %s", row.transport, localized_reason(reason))

    def _succeeded(self, row: Gate) -> None:
        row.failures, row.last_ok_at = 0, self.work.clock.now()
        if not row.open:
            log.warning("messages get through %s again", row.transport)
            self._open(row)

    def open_again(self) -> None:
        """Retry at once after the configuration was corrected.

        A further failure closes the gate again.

        :raises Conflict: when it is open.
        """
        row = self.session.get(Gate, self.work.site.transport, with_for_update=True)
        if row is None or row.open:
            raise Conflict("the gate is open")
        self._open(row)
        row.failures = 0
        self.work.get(AuditService).record("gate:open", transport=row.transport)

    def note_credit(self, credit: float) -> None:
        """Store the number of messages that the provider account's credit covers."""
        self.session.execute(
            update(Gate)
            .where(Gate.transport == self.work.site.transport)
            .values(credit=credit, credit_at=self.work.clock.now())
            .execution_options(synchronize_session=False)
        )

    def _open(self, row: Gate) -> None:
        now = self.work.clock.now()
        row.open, row.since, row.reason = True, now, ""
        # Messages waiting for a retry need not wait any longer.
        self.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.state == "new", OutboxMessage.attempts > 0, OutboxMessage.next_at > now)
            .values(next_at=now)
            .execution_options(synchronize_session=False)
        )
