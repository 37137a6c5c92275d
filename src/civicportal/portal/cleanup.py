"""Cleanup jobs of the core."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from civicportal.core.jobs import Job, JobRun, registered
from civicportal.domain.accounts.models import Invitation, OtpChallenge, PasskeyChallenge, Session
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.attachments import UNCLAIMED, PictureFiles
from civicportal.domain.cases.models import Attachment
from civicportal.domain.exports.models import ExportJob
from civicportal.domain.tokens.models import OAuthGrant, RefreshToken, Token
from civicportal.portal.importing.models import ImportFile, ImportTask
from civicportal.portal.opendata.models import DataFile
from civicportal.web.rest.repeats import clean_calls

if TYPE_CHECKING:
    from civicportal.core.site import Site

Value = TypeVar("Value")

BATCH = 200
"""Rows or files per transaction."""
KEEP_CHALLENGES = timedelta(days=1)
"""Retention of used and expired codes, to explain failed sign-ins."""
KEEP_INVITATIONS = timedelta(days=30)
"""How long expired links stay in the list, to be renewed."""
KEEP_TOKENS = timedelta(days=30)
"""How long ended tokens stay in the list of their person."""
KEEP_JOB_RUNS = timedelta(days=1)
"""A job that was not run for this long after it was due no longer exists."""


def clean_limits(site: "Site") -> None:
    """Delete expired windows of limits."""
    site.limits.sweep()


def clean_sessions(site: "Site") -> None:
    """Delete sessions that have ended."""
    _delete_old(site, Session, timedelta(0))


def clean_codes(site: "Site") -> None:
    """Delete expired one-time codes and passkey challenges."""
    _delete_old(site, OtpChallenge, KEEP_CHALLENGES)
    _delete_old(site, PasskeyChallenge, timedelta(0))


def clean_invitations(site: "Site") -> None:
    """Delete invitations and password links that can no longer be used."""
    _delete_old(site, Invitation, KEEP_INVITATIONS)


def clean_tokens(site: "Site") -> None:
    """Delete tokens that have ended long ago; the audit trail names them still."""
    before = site.clock.now() - KEEP_TOKENS
    now = site.clock.now()
    # Codes that led to nothing; those that did keep the refresh tokens, and what the person sees.
    unused = (OAuthGrant.code_expires_at < now, OAuthGrant.code_used_at.is_(None))
    rows: tuple[tuple[InstrumentedAttribute[int], tuple[ColumnElement[bool], ...]], ...] = (
        (Token.id, (or_(Token.expires_at < before, Token.revoked_at < before),)),
        (Token.id, (Token.short.is_(True), Token.expires_at < now)),
        (RefreshToken.id, (RefreshToken.expires_at < now,)),
        (OAuthGrant.id, unused),
        (OAuthGrant.id, (OAuthGrant.revoked_at < before,)),
        (
            OAuthGrant.id,
            (OAuthGrant.created_at < before, ~exists().where(RefreshToken.grant_id == OAuthGrant.id)),
        ),
    )
    for column, old in rows:
        while len(_delete_some(site, column, *old)) == BATCH:
            pass


def _delete_old(
    site: "Site", model: type[Session | OtpChallenge | PasskeyChallenge | Invitation], keep: timedelta
) -> None:
    before = site.clock.now() - keep
    while len(_delete_some(site, model.id, model.expires_at < before)) == BATCH:
        pass


def clean_job_runs(site: "Site") -> None:
    """Delete rows of jobs that no longer exist."""
    # A worker of a newer release may run concurrently, whose jobs are unknown here.
    left = JobRun.next_at < site.clock.now() - KEEP_JOB_RUNS
    with site.work() as work:
        work.session.execute(delete(JobRun).where(JobRun.name.not_in(registered(site)), left))


def clean_session_values(site: "Site") -> None:
    """Remove pending forms older than an hour from sessions, which last a month."""
    last: int | None = 0
    while last is not None:
        with site.work() as work:
            last = work.get(SessionService).drop_expired(last, BATCH)


def clean_attachments(site: "Site") -> None:
    """Delete pictures unused for a day, and quarantine unreferenced files.

    Pictures that were not attached to anything within a day.
    """
    # Check the mark again: the disk may have been replaced while this process was running.
    site.storage.confirm()
    before = site.clock.now() - UNCLAIMED
    while _delete_unclaimed(site, before):
        pass
    for keys in _batches(site.storage.keys(before=before)):
        _quarantine_orphans(site, keys)
    site.storage.discard_partial(before)


def empty_quarantine(site: "Site") -> None:
    """Delete files after ``site.quarantine_days`` in quarantine.

    After ``site.quarantine_days``, if they are still unreferenced.
    """
    site.storage.confirm()
    before = site.clock.now() - site.quarantine
    for keys in _batches(site.storage.quarantined(before=before)):
        orphans = _orphans(site, keys)
        for key in keys:
            if key in orphans:
                site.storage.purge(key)
            else:
                site.storage.recover(key)


def _delete_unclaimed(site: "Site", before: datetime) -> bool:
    """Delete a batch of rows, then, after the commit, their files.

    Cleanup finds orphaned files, but not orphaned rows.
    """
    # A picture that is used by a plugin's own object has no owner any more.
    waiting = (Attachment.case_id.is_(None), Attachment.owner != "", Attachment.created_at < before)
    keys = _delete_some(site, Attachment.key, *waiting)
    PictureFiles(site).drop(keys)
    return len(keys) == BATCH


def _delete_some(
    site: "Site", column: InstrumentedAttribute[Value], *old: ColumnElement[bool]
) -> Sequence[Value]:
    """Delete a batch of old rows; return one column."""
    model = column.class_
    ids = select(model.id).where(*old).limit(BATCH)
    with site.work() as work:
        return work.session.scalars(
            delete(model)
            .where(model.id.in_(ids), *old)
            .returning(column)
            .execution_options(synchronize_session=False)
        ).all()


def _quarantine_orphans(site: "Site", keys: list[str]) -> None:
    for key in _orphans(site, keys):
        site.storage.quarantine(key)


def _orphans(site: "Site", keys: list[str]) -> set[str]:
    """Return the keys of a batch that no row references."""
    with site.work(write=False) as work:
        named = {key.partition(".")[0] for key in keys}
        known = {
            key
            for column in (Attachment.key, ExportJob.file, DataFile.key, ImportFile.key, ImportTask.report)
            for key in work.session.scalars(select(column).where(column.in_(named)))
        }
    return {key for key in keys if key.partition(".")[0] not in known}


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    keys = iter(keys)
    while batch := list(islice(keys, BATCH)):
        yield batch


JOBS = (
    Job(name="core.limits", every=timedelta(hours=1), run=clean_limits),
    Job(name="core.sessions", every=timedelta(hours=1), run=clean_sessions),
    Job(name="core.codes", every=timedelta(hours=1), run=clean_codes),
    Job(name="core.invitations", at="01:10", run=clean_invitations),
    Job(name="core.tokens", at="01:15", run=clean_tokens),
    Job(name="core.job-runs", at="01:20", run=clean_job_runs),
    Job(name="core.calls", at="01:30", run=clean_calls),
    Job(name="core.kept", every=timedelta(hours=1), run=clean_session_values),
    Job(name="core.attachments", at="02:00", lane="long", run=clean_attachments),
    Job(name="core.quarantine", at="02:40", lane="long", run=empty_quarantine),
)
