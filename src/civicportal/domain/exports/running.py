"""The worker's part of exports."""

import logging
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import colander
from sqlalchemy import ColumnElement, and_, or_, select, update

from civicportal.core.db import changed_rows
from civicportal.core.leases import renewing
from civicportal.core.security import Identity
from civicportal.core.storage import new_key
from civicportal.core.work import Work
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.exports.errors import ExportLeaseLost, WorkerStopping
from civicportal.domain.exports.files import Cover, write_rows
from civicportal.domain.exports.models import ExportJob
from civicportal.domain.exports.rows import ExportQuery, Row, batches, bound_schema, count
from civicportal.domain.exports.scope import scope_of
from civicportal.domain.exports.services import KEPT, ExportService
from civicportal.domain.exports.types import SORT
from civicportal.util.errors import Forbidden
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
RENEW_SECONDS = 20.0
MOST_ATTEMPTS = 3
AGAIN = timedelta(seconds=30)
"""Pause before a failed export is retried."""


@dataclass(frozen=True, kw_only=True)
class ExportLease:
    """An export that only this worker writes."""

    job: ExportJob
    lease_id: str


def make_next(site: "Site", stop: threading.Event | None = None) -> bool:
    """Write the next ordered export, if there is one.

    :param stop: when set, the export is released after the batch.
    :returns: whether there was one.
    """
    lease = _lease(site)
    if lease is None:
        return False
    try:
        with renewing(lambda: _renew(site, lease), RENEW_SECONDS):
            _make(site, lease, stop or threading.Event())
    except ExportLeaseLost:
        log.info("export %s was taken away", lease.job.id)
    except WorkerStopping:
        _settle(site, lease, state="waiting", attempts=lease.job.attempts - 1, locked_until=None)
    except Exception:
        log.exception("export %s failed", lease.job.id)
        _give_back(site, lease)
    return True


def _lease(site: "Site") -> ExportLease | None:
    """Lease the oldest waiting or abandoned export.

    One whose lease expired too often has failed.
    """
    with site.work(write=False) as work:
        now = work.clock.now()
        due = select(ExportJob).where(_is_free(now)).order_by(ExportJob.created_at, ExportJob.id)
        job = work.session.scalar(due.limit(1))
    if job is None:
        return None
    values: Values = {"state": "failed", "finished_at": now}
    lease_id = secrets.token_hex(16)
    if job.attempts < MOST_ATTEMPTS:
        values = {"state": "running", "started_at": now, "done": 0, "attempts": job.attempts + 1}
        values |= {"lease_id": lease_id, "locked_until": now + LEASE}
    with site.work() as work:
        mine = (ExportJob.id == job.id, ExportJob.attempts == job.attempts, _is_free(now))
        taken = work.session.execute(
            update(ExportJob).where(*mine).values(**values), execution_options=_PLAIN
        )
        if not changed_rows(taken) or values["state"] == "failed":
            return None
        job = work.session.get_one(ExportJob, job.id)
    return ExportLease(job=job, lease_id=lease_id)


_PLAIN = {"synchronize_session": False}


def _is_free(now: datetime) -> ColumnElement[bool]:
    waits = and_(
        ExportJob.state == "waiting", or_(ExportJob.locked_until.is_(None), ExportJob.locked_until <= now)
    )
    return or_(waits, and_(ExportJob.state == "running", ExportJob.locked_until <= now))


def _make(site: "Site", lease: ExportLease, stop: threading.Event) -> None:
    job = lease.job
    actor, order, total = _read(site, job)
    _settle(site, lease, total=total)
    at = site.clock.now()
    filters = [(label, words) for label, words in job.filters]
    cover = Cover(title=order.export.title, filters=filters, by=actor.name, at=at, locale=job.locale)
    progress = _Progress(site, lease, stop)
    with TemporaryFile() as file:
        write_rows(site, file, job.format, order, cover, progress.rows(actor, order))
        size = file.tell()
        file.seek(0)
        key = new_key()
        site.storage.put(key, file)
    try:
        with site.work(actor=actor) as work:
            now = work.clock.now()
            over: dict[str, object] = {"state": "done", "file": key, "size": size, "total": progress.done}
            over |= {"scope": scope_of(actor, order.columns)}
            over |= {"done": progress.done, "finished_at": now, "expires_at": now + KEPT, "lease_id": None}
            _write(work, lease, over)
            work.get(ExportService).record("make", order.export, job.format, job.filters, progress.done)
    except BaseException:
        site.storage.delete(key)
        raise


def _read(site: "Site", job: ExportJob) -> tuple[Identity, ExportQuery, int | None]:
    """Return the requester, the content and the number of rows.

    :raises Forbidden: when the right is gone.
    """
    export = site.exports[job.name]
    with site.work(write=False) as work:
        user = work.session.get_one(User, job.user_id)
        gone = user.disabled_at or user.deleted_at
        actor = identity_of(work, user, "staff")
        if gone or not export.is_for(actor):
            raise Forbidden("may not export any more")
        schema = bound_schema(work, export)
        values = {
            node.name: node.deserialize(job.address.get(node.name, colander.null)) for node in schema.children
        }
        values.setdefault(SORT, job.address.get(SORT))
    with site.work(write=False, locale=job.locale) as work:
        columns = export.spread(work, values, job.columns)
    order = ExportQuery(export=export, values=values, columns=columns, locale=job.locale)
    return actor, order, count(site, actor, order)


class _Progress:
    """Rows on their way into the file, with progress."""

    def __init__(self, site: "Site", lease: ExportLease, stop: threading.Event) -> None:
        self.site, self.lease, self.stop, self.done = site, lease, stop, 0

    def rows(self, actor: Identity, order: ExportQuery) -> Iterator[Row]:
        """Yield the rows.

        :raises ExportLeaseLost: when the export was cancelled or another worker has it.
        :raises WorkerStopping: when the worker is shutting down.
        """
        for batch in batches(self.site, actor, order):
            if self.stop.is_set():
                raise WorkerStopping
            yield from batch.rows
            self.done += len(batch.rows)
            _settle(self.site, self.lease, done=self.done, locked_until=self.site.clock.now() + LEASE)


def _renew(site: "Site", lease: ExportLease) -> bool:
    """Renew the lease in the background.

    It is renewed while a batch is read or the file is stored.

    :returns: whether it was kept.
    """
    try:
        _settle(site, lease, locked_until=site.clock.now() + LEASE)
    except ExportLeaseLost:
        return False
    return True


def _give_back(site: "Site", lease: ExportLease) -> None:
    over: dict[str, object] = {"state": "failed", "finished_at": site.clock.now(), "lease_id": None}
    again: Values = {"state": "waiting", "locked_until": site.clock.now() + AGAIN, "lease_id": None}
    try:
        _settle(site, lease, **(over if lease.job.attempts >= MOST_ATTEMPTS else again))
    except ExportLeaseLost:
        log.info("export %s was taken away", lease.job.id)


def _settle(site: "Site", lease: ExportLease, **values: object) -> None:
    with site.work() as work:
        _write(work, lease, values)


def _write(work: Work, lease: ExportLease, values: Values) -> None:
    """Update the row while this worker holds the lease.

    :raises ExportLeaseLost: when it does not.
    """
    mine = (ExportJob.id == lease.job.id, ExportJob.lease_id == lease.lease_id, ExportJob.state == "running")
    if not changed_rows(
        work.session.execute(update(ExportJob).where(*mine).values(**values), execution_options=_PLAIN)
    ):
        raise ExportLeaseLost
