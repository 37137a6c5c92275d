"""Broadcasts to all subscribers of announcements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from civicportal.api.database import Service, Work
from civicportal.api.localization import search_key
from civicportal.api.notifications import BroadcastLane, PreferenceService, SmsLength
from civicportal.api.people import AuditService
from civicportal.api.plugins import Conflict, Forbidden, NotFound, Site
from civicportal.api.publishing import PublicTexts
from civicportal_announcements.models import Broadcast, Post
from civicportal_announcements.schemas import settings_of

SEND = "announcements:broadcast:send"
KIND = "announcements.broadcast"
"""Name of the messages: no registered text, since providers have no template for free text."""
PORTION = timedelta(seconds=10)
"""Interval of the job."""
UNFILLED = (Broadcast.filled_at.is_(None), Broadcast.stopped_at.is_(None))
"""States of an unfinished broadcast."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The cost of a text.

    :ivar text: as it is sent.
    :ivar recipients: number of people.
    :ivar cost: None if the price is unknown.
    """

    text: str
    length: SmsLength
    recipients: int
    cost: float | None


@dataclass(frozen=True, kw_only=True)
class BroadcastProgress:
    """The progress of a broadcast.

    :ivar queued: messages that wait to be sent.
    :ivar unknown: messages of which it is not known whether they were sent.
    :ivar cancelled: messages that were taken back.
    :ivar to_come: people whose message is not queued yet.
    :ivar phase: "running", "finished" or "stopped".
    """

    queued: int
    sent: int
    failed: int
    unknown: int
    cancelled: int
    to_come: int
    phase: str

    @property
    def waiting(self) -> int:
        """Return the number of unsent messages."""
        return self.queued + self.to_come

    @property
    def promised(self) -> int:
        """Return the number of messages that were queued, whatever became of them."""
        return self.queued + self.sent + self.failed + self.unknown + self.cancelled


def with_opt_out(text: str, word: str) -> str:
    """Return a text with the opt-out notice at its end.

    :param word: the notice required by the regulator; empty for none.
    """
    text = text.rstrip()
    if not word:
        return text
    lines = text.split("\n")
    while lines and search_key(lines[-1]).replace(" ", "") in ("", search_key(word).replace(" ", "")):
        lines.pop()
    return "\n".join([*lines, word])


class BroadcastService(Service):
    """Send texts to many people, as an officer."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.lane = work.get(BroadcastLane)
        self.settings = settings_of(work.site)

    def estimate(self, text: str) -> Estimate:
        """Return the cost of a text if it were sent now."""
        self._require()
        full = with_opt_out(text, self.settings["opt_out"])
        people = self.work.get(PreferenceService).broadcast_audience().subquery()
        recipients = self.session.scalar(select(func.count()).select_from(people)) or 0
        length = SmsLength.of(full)
        price = self.settings["part_price"]
        cost = recipients * length.parts * price if price else None
        return Estimate(text=full, length=length, recipients=recipients, cost=cost)

    def start(self, text: str, *, number: int, form_key: str, post_id: int | None = None) -> Broadcast:
        """Send a text to all subscribers of announcements.

        A form sent twice starts one broadcast.

        :param number: of recipients, as entered by the officer.
        :param form_key: the form's idempotency key.
        :raises Conflict: when the number of recipients has changed, or is 0.
        :raises PersonalDataFound: when the text holds a mobile number or a national code.
        """
        self._require()
        self.work.get(PublicTexts).check(None, {"text": text})
        earlier = self.session.scalar(select(Broadcast).where(Broadcast.key == form_key))
        if earlier is not None:
            return earlier
        estimate = self.estimate(text)
        if estimate.recipients == 0 or number != estimate.recipients:
            raise Conflict(f"{number} people were confirmed, it would be {estimate.recipients}")
        people = self.work.get(PreferenceService).broadcast_audience().subquery()
        values = {
            "key": form_key,
            "post_id": post_id if post_id and self.session.get(Post, post_id) else None,
            "author_id": self.work.actor.user_id,
            "text": estimate.text,
            "recipients": estimate.recipients,
            "parts": estimate.length.parts,
            "part_price": self.settings["part_price"],
            "cursor": 0,
            "last_id": self.session.scalar(select(func.max(people.c.id))),
            "created_at": self.work.clock.now(),
        }
        insert = self.work.site.engines.insert(Broadcast).values(values)
        new = self.session.scalar(
            insert.on_conflict_do_nothing(index_elements=["key"]).returning(Broadcast.id)
        )
        broadcast = self.session.scalars(select(Broadcast).where(Broadcast.key == form_key)).one()
        if new is not None:
            self._record("send", broadcast, recipients=estimate.recipients, parts=estimate.length.parts)
        return broadcast

    def stop(self, broadcast_id: int) -> None:
        """Cancel the unsent messages."""
        self._require()
        broadcast = self._locked(broadcast_id)
        if broadcast.stopped_at is None:
            broadcast.stopped_at = self.work.clock.now()
            self.lane.cancel(broadcast.batch)
            self._record("stop", broadcast)

    def stop_unfilled(self) -> int:
        """Stop broadcasts that were unfinished in a restored backup, because their progress is unknown.

        :returns: how many there were.
        """
        found = self.session.scalars(select(Broadcast).where(*UNFILLED).with_for_update()).all()
        for broadcast in found:
            broadcast.stopped_at = self.work.clock.now()
            self._record("stop", broadcast)
        return len(found)

    # -- reading --------------------------------------------------------------------------------------------

    def fetch(self, broadcast_id: int) -> Broadcast:
        """Return a broadcast.

        :raises NotFound: when there is none.
        """
        broadcast = self.session.get(Broadcast, broadcast_id)
        if broadcast is None:
            raise NotFound(f"broadcast {broadcast_id}")
        return broadcast

    def latest(self, most: int = 50) -> Sequence[Broadcast]:
        """Return the latest broadcasts, newest first."""
        return self.session.scalars(select(Broadcast).order_by(Broadcast.id.desc()).limit(most)).all()

    def progress(self, broadcast: Broadcast) -> BroadcastProgress:
        """Return the progress of a broadcast."""
        batch = self.lane.progress(broadcast.batch)
        closed = broadcast.filled_at is not None or broadcast.stopped_at is not None
        to_come = 0 if closed else max(broadcast.recipients - batch.promised, 0)
        if broadcast.stopped_at is not None:
            phase = "stopped"
        else:
            phase = "finished" if closed and not batch.waiting else "running"
        return BroadcastProgress(
            queued=batch.waiting,
            sent=batch.sent,
            failed=batch.failed,
            unknown=batch.unknown,
            cancelled=batch.cancelled,
            to_come=to_come,
            phase=phase,
        )

    # -- filling the outbox ---------------------------------------------------------------------------------

    def fill(self) -> bool:
        """Queue the next batch of the oldest broadcast.

        :returns: whether there was anything to do.
        """
        query = select(Broadcast).where(*UNFILLED).order_by(Broadcast.id).limit(1)
        broadcast = self.session.scalar(query.with_for_update(skip_locked=True))
        if broadcast is None or self.lane.quiet_until() is not None:
            return False
        per_minute = int(self.settings["per_minute"])
        size = max(1, int(per_minute * PORTION.total_seconds() // 60))
        people = self._people(broadcast, size)
        self.lane.queue(broadcast.batch, KIND, broadcast.text, people, timedelta(seconds=60 / per_minute))
        if people:
            broadcast.cursor = people[-1][0]
        if len(people) < size:
            broadcast.filled_at = self.work.clock.now()
        return True

    def _people(self, broadcast: Broadcast, size: int) -> list[tuple[int, str]]:
        audience = self.work.get(PreferenceService).broadcast_audience().subquery()
        column = audience.c.id
        query = select(column, audience.c.mobile).where(
            column > broadcast.cursor, column <= broadcast.last_id
        )
        return [(row.id, row.mobile) for row in self.session.execute(query.order_by(column).limit(size))]

    # -- inside ---------------------------------------------------------------------------------------------

    def _locked(self, broadcast_id: int) -> Broadcast:
        query = select(Broadcast).where(Broadcast.id == broadcast_id)
        broadcast = self.session.scalar(query.with_for_update())
        if broadcast is None:
            raise NotFound(f"broadcast {broadcast_id}")
        return broadcast

    def _require(self) -> None:
        if not self.work.actor.permits(SEND):
            raise Forbidden(SEND)

    def _record(self, action: str, broadcast: Broadcast, **data: object) -> None:
        self.work.get(AuditService).record(
            f"broadcast:{action}", broadcast=broadcast.id, subject_id=None, case_id=None, **data
        )


def fill_outbox(site: Site) -> None:
    """Send the next batch of each broadcast."""
    with site.work(write=False) as work:
        idle = work.session.scalar(select(Broadcast.id).where(*UNFILLED).limit(1)) is None
    if not idle:
        with site.work() as work:
            work.get(BroadcastService).fill()
