"""Our public updates of delivered cases are sent to their servers, by the extension of mySociety.

An update goes out at most once: one of which it is not known whether it has arrived is not repeated, because servers
need not compare the numbers of updates. The difference of the statuses is shown in any case.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, aliased
from translationstring import TranslationString

from civicportal.api.cases import AttachmentService, Case, CaseChange, CaseEvent, CaseService
from civicportal.api.outgoing import DeliveryQueue
from civicportal.api.plugins import Site
from civicportal.api.publishing import PublicTexts
from civicportal_reports.i18n import _
from civicportal_reports.open311.services import NO_UPDATES, GeoReportService
from civicportal_reports.open311_client.composing import LONGEST_TEXT, MOST_PICTURES
from civicportal_reports.open311_client.delivery import RUN_SECONDS, RemoteQueue
from civicportal_reports.open311_client.models import OwnUpdate, RemoteDelivery, RemoteHealth, RemoteServer
from civicportal_reports.open311_client.remote import (
    GeoReportClient,
    LostKey,
    Parameters,
    RemoteAddress,
    RemoteError,
)
from civicportal_reports.open311_client.services import PATIENCE, RemoteService

log = logging.getLogger(__name__)

FOLLOWED = timedelta(days=90)
"""Pictures of a case that are published later than that after its delivery are not sent."""
NO_KEY = timedelta(hours=1)
"""So long an update waits while the key of its server cannot be decrypted."""
FROM = "remote_server"
"""Key in the data of an entry for the server that has caused it, and is not told of it."""
_TOLD = aliased(CaseEvent)
_EARLIER = aliased(OwnUpdate)


@dataclass(frozen=True, kw_only=True)
class UpdateParcel:
    """An update that only this worker may send until its lease expires."""

    id: int
    lease_id: str
    server_id: int
    server: RemoteAddress
    attempt: int
    expires_at: datetime | None
    fields: Parameters


def tell(site: Site) -> None:
    """Send the updates that are due, for less than a minute."""
    ends = time.monotonic() + RUN_SECONDS
    while time.monotonic() < ends and tell_once(site):
        pass


def tell_once(site: Site) -> bool:
    """Send one update.

    :returns: whether there was any.
    """
    with site.work() as work:
        found = UpdateQueue(work).lease()
    if not isinstance(found, UpdateParcel):
        return found
    error: RemoteError | None = None
    try:
        with GeoReportClient(site, found.server) as client:
            client.update(found.fields)
    except RemoteError as problem:
        error = problem
    with site.work() as work:
        UpdateQueue(work).settle(found, error)
    return True


class UpdateQueue(DeliveryQueue[OwnUpdate]):
    """Queue and send updates; each method is one short transaction."""

    table = OwnUpdate

    def case_changed(self, change: CaseChange) -> None:
        """Queue a public entry for the servers that get the case and take updates."""
        event = change.event
        if not event.public or event.type in NO_UPDATES:
            return
        server_ids = self.work.reference("reports_remote_told", _told)
        if not server_ids:
            return
        query = select(RemoteDelivery.id).where(
            RemoteDelivery.case_id == change.case.id,
            RemoteDelivery.server_id.in_([one for one in server_ids if one != event.data.get(FROM)]),
            RemoteDelivery.state != "dead",
        )
        for delivery_id in self.session.scalars(query.order_by(RemoteDelivery.id)):
            self._queue(delivery_id, event.id)

    def queue_pictures(self) -> None:
        """Queue the first publication of each case after its delivery: pictures go out with it, once."""
        queued = (
            select(OwnUpdate.id)
            .join(_TOLD, _TOLD.id == OwnUpdate.event_id)
            .where(OwnUpdate.delivery_id == RemoteDelivery.id, _TOLD.type == "published")
        )
        query = (
            select(RemoteDelivery.id, func.min(CaseEvent.id))
            .join(CaseEvent, CaseEvent.case_id == RemoteDelivery.case_id)
            .where(
                RemoteDelivery.server_id.in_(self.work.reference("reports_remote_told", _told)),
                RemoteDelivery.state == "sent",
                RemoteDelivery.sent_at > self.now - FOLLOWED,
                CaseEvent.type == "published",
                CaseEvent.at > RemoteDelivery.sent_at,
                ~queued.exists(),
            )
            .group_by(RemoteDelivery.id)
            .order_by(RemoteDelivery.id)
        )
        for delivery_id, event_id in self.session.execute(query):
            self._queue(delivery_id, event_id)

    def _queue(self, delivery_id: int, event_id: int) -> None:
        self.session.add(
            OwnUpdate(
                delivery_id=delivery_id,
                event_id=event_id,
                state="new",
                attempts=0,
                created_at=self.now,
                next_at=self.now,
                expires_at=self.now + PATIENCE,
                last_error="",
            )
        )

    def lease(self) -> UpdateParcel | bool:
        """Lease the next update.

        :returns: True if the next one cannot be sent and was settled, False if there is none.
        """
        query = (
            select(OwnUpdate, RemoteDelivery, RemoteServer)
            .join(RemoteDelivery, RemoteDelivery.id == OwnUpdate.delivery_id)
            .join(RemoteServer, RemoteServer.id == RemoteDelivery.server_id)
            .outerjoin(RemoteHealth, RemoteHealth.server_id == RemoteServer.id)
            .where(
                self._due(),
                RemoteServer.active,
                RemoteServer.tells,
                or_(RemoteHealth.retry_at.is_(None), RemoteHealth.retry_at <= self.now),
                RemoteDelivery.state == "sent",
                RemoteDelivery.remote_id != "",
                # In their order.
                ~exists().where(
                    _EARLIER.delivery_id == OwnUpdate.delivery_id,
                    _EARLIER.state.in_(("new", "leased")),
                    _EARLIER.id < OwnUpdate.id,
                ),
            )
            .order_by(OwnUpdate.next_at, OwnUpdate.id)
            .limit(1)
            .with_for_update(of=OwnUpdate, skip_locked=True)
        )
        row = self.session.execute(query).one_or_none()
        if row is None:
            return False
        update, delivery, server = row
        if update.state == "leased":
            # Its worker was lost, perhaps after it was sent.
            update.state, update.lease_id, update.locked_until = "unclear", None, None
            return True
        fields = self._fields(delivery, update.event_id, server)
        if fields is None:
            update.state = "dead"
            update.last_error = self._kept(_("There is nothing in it that the public may read."))
            return True
        try:
            address = self.work.get(RemoteService).address_of(server)
        except LostKey:
            log.error("the key of the Open311 server %s cannot be decrypted: is a key missing?", server.id)
            # Those of other servers are behind it in the queue.
            update.next_at = self.now + NO_KEY
            return True
        lease_id = self.hold(update)
        return UpdateParcel(
            id=update.id,
            lease_id=lease_id,
            server_id=server.id,
            server=address,
            attempt=update.attempts,
            expires_at=update.expires_at,
            fields=fields,
        )

    def settle(self, parcel: UpdateParcel, error: RemoteError | None) -> None:
        """Store what became of an attempt."""
        queue = RemoteQueue(self.work)
        if error is None:
            self.finish([parcel.id], parcel.lease_id, state="sent", sent_at=self.now, last_error="")
            queue.note_health(parcel.server_id, "")
            return
        told = self._kept(error.reason)
        state, next_at = "new", self.retry_at(parcel.attempt, error.retry_after)
        if error.is_doubtful:
            state = "unclear"
        elif error.is_final or (parcel.expires_at is not None and next_at > parcel.expires_at):
            state = "dead"
        self.finish([parcel.id], parcel.lease_id, state=state, next_at=next_at, last_error=told)
        if not error.is_final:
            queue.note_health(parcel.server_id, told, error.retry_after)

    def give_up(self) -> None:
        """Settle what could not be sent in time, for instance because the case itself was never delivered."""
        self.change(
            OwnUpdate.state == "new",
            OwnUpdate.expires_at <= self.now,
            state="dead",
            last_error=self._kept(_("It could not be delivered in time.")),
        )

    def _fields(self, delivery: RemoteDelivery, event_id: int, server: RemoteServer) -> Parameters | None:
        """Return an update as it is sent: never personal data, and words and pictures only of a published case."""
        case = self.session.get_one(Case, delivery.case_id)
        event = next((one for one in self.work.get(CaseService).events(case) if one.id == event_id), None)
        if event is None:
            return None
        photos: Sequence[str]
        if event.type == "published":
            state, text = "unchanged", str(self.work.get(PublicTexts).body(case))
            photos = [
                one.key for one in self.work.get(AttachmentService).of_case(case) if one.purpose == "before"
            ]
            if not case.public or not photos or server.pictures == "none":
                return None
        else:
            service = self.work.get(GeoReportService)
            shown = next((one for one in service.updates_of(case) if one.id == event_id), None)
            if shown is None:
                return None
            state, text, photos = shown.state, shown.text, shown.photos
            if not case.public or not text:
                text = self._status(case, event)
        base = self.work.site.public_url
        pictures = photos if case.public and base and server.pictures != "none" else ()
        return [
            ("service_request_id", delivery.remote_id),
            ("update_id", str(event_id)),
            ("updated_datetime", event.at.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ("status", state.upper()),
            ("description", text[:LONGEST_TEXT]),
            *[("media_url", f"{base}/attachments/{key}") for key in pictures[:MOST_PICTURES]],
        ]

    def _status(self, case: Case, event: CaseEvent) -> str:
        kind = self.work.get(CaseService).kind(case)
        return self.work.site.localizer().translate(kind.public_status(event.after or case.status))

    def _kept(self, reason: TranslationString) -> str:
        return self.work.site.localizer().translate(reason)[:300]

    def _due(self) -> ColumnElement[bool]:
        return or_(
            (OwnUpdate.state == "new") & (OwnUpdate.next_at <= self.now),
            (OwnUpdate.state == "leased") & (OwnUpdate.locked_until <= self.now),
        )


def keep_up(site: Site) -> None:
    """Queue published pictures, and settle what could not be sent in time."""
    with site.work() as work:
        UpdateQueue(work).queue_pictures()
        UpdateQueue(work).give_up()


def _told(session: Session) -> Sequence[int]:
    return session.scalars(select(RemoteServer.id).where(RemoteServer.active, RemoteServer.tells)).all()
