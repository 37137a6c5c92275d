"""Delivery of cases to other servers.

A worker leases one case, sends it outside any transaction, and settles it. GeoReport v2 has no key for repetitions: an
attempt is marked before it is made, and an attempt of which it is not known whether it has arrived is followed by a look
for the case at the server, never by a second request alone.
"""

import logging
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, exists, or_, select
from translationstring import TranslationString

from civicportal.api.cases import Case
from civicportal.api.outgoing import DeliveryQueue
from civicportal.api.plugins import Site
from civicportal_reports.i18n import _
from civicportal_reports.open311_client.composing import (
    CannotCompose,
    ComposedRequest,
    ComposingService,
    files_of,
)
from civicportal_reports.open311_client.models import RemoteDelivery, RemoteHealth, RemoteServer
from civicportal_reports.open311_client.remote import GeoReportClient, LostKey, RemoteAddress, RemoteError
from civicportal_reports.open311_client.services import RemoteService, hasten

log = logging.getLogger(__name__)

RUN_SECONDS = 45.0
"""A run ends after this time, so that other jobs have their turn."""
CLOCKS_DIFFER = timedelta(hours=2)
"""A lost request is looked for so much before and after the attempt."""
SETTLES = timedelta(minutes=2)
"""A server may still work on a request whose answer we have not waited for: so long it is not looked for."""
Outcome = Literal["sent", "refused", "later", "doubtful", "unclear"]


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A case that only this worker may send until its lease expires.

    :ivar lost_at: time of an earlier attempt that may have arrived; None if there was none.
    :ivar repeats: whether the request may be sent again if the server does not list it.
    """

    id: int
    lease_id: str
    server_id: int
    server: RemoteAddress
    attempt: int
    expires_at: datetime | None
    service_code: str
    request: ComposedRequest
    lost_at: datetime | None
    repeats: bool


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of an attempt.

    :ivar is_new: the request was sent in this attempt.
    """

    outcome: Outcome
    remote_id: str = ""
    token: str = ""
    error: str = ""
    retry_after: float | None = None
    is_new: bool = False


def deliver(site: Site) -> None:
    """Send what is to be sent, for less than a minute."""
    ends = time.monotonic() + RUN_SECONDS
    while time.monotonic() < ends and deliver_once(site):
        pass


def deliver_once(site: Site) -> bool:
    """Send one case to one server.

    :returns: whether there was anything, so that the caller repeats at once.
    """
    with site.work(write=False) as work:
        ready = RemoteQueue(work).ready()
    for server_id in ready:
        with site.work() as work:
            found = RemoteQueue(work).lease(server_id)
        if isinstance(found, Parcel):
            result = send(site, found)
            with site.work() as work:
                RemoteQueue(work).settle(found, result)
        if found is not None:
            return True
    return False


def send(site: Site, parcel: Parcel) -> Result:
    """Look for a lost request, then send it if it is certain that the server does not have it."""
    say = site.localizer().translate
    with GeoReportClient(site, parcel.server) as client:
        if parcel.lost_at is not None:
            try:
                remote_id, is_certain = _look(site, client, parcel)
            except RemoteError as error:
                return Result(outcome="doubtful", error=say(error.reason), retry_after=error.retry_after)
            if remote_id:
                return Result(outcome="sent", remote_id=remote_id)
            if not is_certain or not parcel.repeats:
                told = _("No answer came, and the server does not tell whether the report has arrived.")
                return Result(outcome="unclear", error=say(told))
        try:
            remote_id, token = client.create(parcel.request.fields, files_of(site, parcel.request))
        except RemoteError as error:
            outcome: Outcome = "doubtful" if error.is_doubtful else "refused" if error.is_final else "later"
            return Result(outcome=outcome, error=say(error.reason), retry_after=error.retry_after)
    return Result(outcome="sent", remote_id=remote_id, token=token, is_new=True)


def _look(site: Site, client: GeoReportClient, parcel: Parcel) -> tuple[str, bool]:
    """Return the number of a lost request, and whether its absence would be certain."""
    assert parcel.lost_at is not None
    start, end = parcel.lost_at - CLOCKS_DIFFER, site.clock.now() + CLOCKS_DIFFER
    found, is_all = client.latest(parcel.service_code, start, end)
    for request in found:
        if bears(request.description, parcel.request.mark):
            return request.id, True
    return "", is_all


def bears(description: str, mark: str) -> bool:
    """Return whether a description has our reference, not one that only begins with it."""
    return re.search(rf"{re.escape(mark)}(?!\d)", description) is not None


class RemoteQueue(DeliveryQueue[RemoteDelivery]):
    """Statements of the delivery; each method is one short transaction."""

    table = RemoteDelivery

    def ready(self) -> list[int]:
        """Return the ids of the servers to which something can be sent, the one with the oldest first."""
        query = (
            select(RemoteServer.id)
            .outerjoin(RemoteHealth, RemoteHealth.server_id == RemoteServer.id)
            .where(
                RemoteServer.active,
                or_(RemoteHealth.retry_at.is_(None), RemoteHealth.retry_at <= self.now),
                exists().where(RemoteDelivery.server_id == RemoteServer.id, self._due()),
            )
            .order_by(RemoteHealth.last_ok_at.asc().nulls_first(), RemoteServer.id)
        )
        return list(self.session.scalars(query))

    def lease(self, server_id: int) -> Parcel | bool | None:
        """Lease the next case for a server.

        :returns: True if the next one cannot be sent and was settled; None if there is none.
        """
        service = self.work.get(RemoteService)
        server = self.session.get(RemoteServer, server_id)
        if server is None or not server.active:
            return None
        query = (
            select(RemoteDelivery)
            .where(RemoteDelivery.server_id == server_id, self._due())
            .order_by(RemoteDelivery.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = self.session.scalars(query).one_or_none()
        if row is None:
            return None
        case = self.session.get_one(Case, row.case_id)
        if row.state == "leased" and row.doubtful_at is not None:
            # Its worker was lost. The server may still be at it.
            row.state, row.next_at, row.lease_id = "new", self.now + SETTLES, None
            row.locked_until = None
            return True
        rule = service.rule_for(server_id, case)
        try:
            address = service.address_of(server)
            if not case.is_open and row.doubtful_at is None:
                raise CannotCompose(_("The case was closed before it was delivered."))
            if rule is None:
                raise CannotCompose(_("No rule sends the case there any more."))
            request = self.work.get(ComposingService).compose(case, server, rule)
        except CannotCompose as problem:
            state = "dead" if row.doubtful_at is None else "unclear"
            row.state, row.last_error = state, self._kept(problem.reason)
            return True
        except LostKey:
            log.error("the key of the Open311 server %s cannot be decrypted: is a key missing?", server_id)
            return None
        health = self.session.get(RemoteHealth, server_id)
        lost_at = row.doubtful_at
        lease_id = self.hold(row)
        # Before anything is sent: if this worker is lost, the next one looks first.
        row.doubtful_at = lost_at or self.now
        row.service_code = rule.service_code
        return Parcel(
            id=row.id,
            lease_id=lease_id,
            server_id=server_id,
            server=address,
            attempt=row.attempts,
            expires_at=row.expires_at,
            service_code=rule.service_code,
            request=request,
            lost_at=lost_at,
            repeats=health is not None and health.lists_ours,
        )

    def settle(self, parcel: Parcel, result: Result) -> None:
        """Store what became of an attempt."""
        error = result.error[:300]
        values: dict[str, object] = {"last_error": error}
        if result.outcome == "sent":
            values |= {"state": "sent", "sent_at": self.now, "doubtful_at": None}
            values |= {"remote_id": result.remote_id, "token": result.token}
        elif result.outcome == "refused":
            values |= {"state": "dead", "doubtful_at": None}
        elif result.outcome == "unclear":
            values |= {"state": "unclear"}
        else:
            next_at = self.retry_at(parcel.attempt, result.retry_after)
            if result.outcome == "doubtful":
                next_at = max(next_at, self.now + SETTLES)
            else:
                values["doubtful_at"] = None
            is_over = parcel.expires_at is not None and next_at > parcel.expires_at
            state = "new" if not is_over else "dead" if result.outcome == "later" else "unclear"
            values |= {"state": state, "next_at": next_at}
        self.finish([parcel.id], parcel.lease_id, **values)
        failed = result.outcome in ("later", "doubtful")
        self.note_health(parcel.server_id, error if failed else "", result.retry_after)

    def note_health(
        self, server_id: int, error: str, retry_after: float | None = None
    ) -> RemoteHealth | None:
        """Note how an exchange with a server ended.

        :param error: empty for a success.
        :returns: None if the server has been deleted.
        """
        if self.session.get(RemoteServer, server_id, with_for_update={"key_share": True}) is None:
            return None
        health = self.health(server_id)
        if error:
            health.failures += 1
            health.failing_since = health.failing_since or self.now
            health.retry_at = min(
                self.retry_at(health.failures, retry_after),
                self.now + timedelta(minutes=30, seconds=retry_after or 0),
            )
            health.last_error = error[:300]
            return health
        was_closed = health.retry_at is not None
        health.failures, health.failing_since, health.retry_at = 0, None, None
        health.last_ok_at, health.last_error = self.now, ""
        if was_closed:
            hasten(self.session, server_id, self.now)
        return health

    def health(self, server_id: int) -> RemoteHealth:
        """Return the row of a server's health, a new one if there is none."""
        health = self.session.get(RemoteHealth, server_id)
        if health is None:
            health = RemoteHealth(server_id=server_id, failures=0, lists_ours=False, last_error="")
            self.session.add(health)
        return health

    def give_up(self) -> None:
        """Settle what was not delivered in time."""
        for state, is_doubtful in (("dead", False), ("unclear", True)):
            doubt = RemoteDelivery.doubtful_at
            self.change(
                RemoteDelivery.state == "new",
                RemoteDelivery.expires_at <= self.now,
                doubt.is_not(None) if is_doubtful else doubt.is_(None),
                state=state,
                last_error=self._kept(_("It could not be delivered in time.")),
            )

    def _kept(self, reason: TranslationString) -> str:
        return self.work.site.localizer().translate(reason)[:300]

    def _due(self) -> ColumnElement[bool]:
        return RemoteDelivery.state.in_(("new", "leased")) & or_(
            (RemoteDelivery.state == "new") & (RemoteDelivery.next_at <= self.now),
            RemoteDelivery.locked_until <= self.now,
        )


def give_up(site: Site) -> None:
    """Settle what was not delivered in time."""
    with site.work() as work:
        RemoteQueue(work).give_up()
