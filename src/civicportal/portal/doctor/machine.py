"""Findings about the machine, the database and the site file."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, text

from civicportal.core.checks import Finding
from civicportal.core.clock import SKEW
from civicportal.core.jobs import JobRun, registered
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.portal.worker.heartbeat import WorkerService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

FEWEST_CHARACTERS = 10
"""Minimum distinct characters of a secret: 32 random hexadecimal digits have fewer once in a hundred thousand times."""
AHEAD = timedelta(minutes=5)
JOBS_LATE = timedelta(hours=3)
"""How long after it was due an unstarted job is a finding."""
COMMITS_LATE = 10.0
"""Seconds for which a commit may wait for the standby."""
SQLITE_CASES = 50_000
"""Cases up to which SQLite is supported."""
SQLITE_CASES_NEAR = 40_000
"""Cases from which the doctor advises to move to PostgreSQL, so that there is time to prepare it."""

_WAITING_COMMITS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'SyncRep'"
    " AND now() - query_start >= make_interval(secs => :seconds)"
)


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    yield from _clock(work)
    yield from _secrets(work)
    yield from _proxy(work)
    yield from _jobs(work)
    yield from _workers(work)
    yield from _standby(work)
    yield from _size(work)


def _clock(work: "Work") -> Iterator[Finding]:
    now = work.clock.now()
    if work.site.engines.dialect == "postgresql":
        # Other findings may have taken long since the transaction began.
        there = work.session.execute(select(func.clock_timestamp())).scalar_one()
        difference = abs(there - now)
        if difference > SKEW:
            yield Finding(
                level="error",
                place="clock",
                text=_(
                    "the clocks of this machine and of the database differ by ${seconds} seconds",
                    mapping={"seconds": round(difference.total_seconds())},
                ),
                remedy=_("let both follow a time server (NTP)"),
            )
    newest = _newest(work)
    if newest and newest > now + AHEAD:
        yield Finding(
            level="error",
            place="clock",
            text=_("something was written ${minutes} minutes in the future", mapping=_minutes(newest - now)),
            remedy=_(
                "correct the clock of this machine; if it is right, the clock of another machine was wrong"
            ),
        )


def _newest(work: "Work") -> datetime | None:
    """Return the time of the newest write."""
    moments = (
        work.session.scalar(select(column).order_by(model.id.desc()).limit(1))
        for model, column in ((CaseEvent, CaseEvent.at), (AuditEvent, AuditEvent.at))
    )
    return max((moment for moment in moments if moment), default=None)


def _minutes(difference: timedelta) -> dict[str, int]:
    return {"minutes": round(difference.total_seconds() / 60)}


def _secrets(work: "Work") -> Iterator[Finding]:
    table = work.site.settings["site"]
    keys = table["pii_keys"].split()
    for name, secrets in (("secret", [table["secret"]]), ("pii_keys", keys)):
        if any(secret and is_weak(secret) for secret in secrets):
            yield Finding(
                level="error",
                place=f"site.{name}",
                text=_("it can be guessed"),
                remedy='python3 -c "import secrets; print(secrets.token_hex(32))"',
            )
    if table["secret"] in keys or (work.site.is_production and not keys):
        yield Finding(
            level="warning",
            place="site.pii_keys",
            text=_("the secret of the site encrypts personal numbers too, so neither can be changed alone"),
            remedy=_("put a separate key in front, then run civicportal keys rotate"),
        )


def is_weak(secret: str) -> bool:
    """Return whether a secret is not random.

    It has few different characters, or repeats a short text.
    """
    is_repeated = (secret + secret).find(secret, 1) < len(secret)
    return is_repeated or len(set(secret)) < FEWEST_CHARACTERS


def _proxy(work: "Work") -> Iterator[Finding]:
    if work.site.is_production and not work.site.settings["site"]["trusted_proxy"]:
        yield Finding(
            level="warning",
            place="site.trusted_proxy",
            text=_("no proxy is named: behind one all visitors have its address and share their limits"),
            remedy=_("name the address from which the proxy connects"),
        )


def _jobs(work: "Work") -> Iterator[Finding]:
    now, known = work.clock.now(), JobRun.name.in_(registered(work.site))
    failed = select(JobRun).where(known, JobRun.last_error != "")
    for job in work.session.scalars(failed.order_by(JobRun.name)):
        yield Finding(
            level="warning",
            place=f"job {job.name}",
            text=_("it failed: ${reason}", mapping={"reason": job.last_error}),
            remedy=_("read the log of the worker"),
        )
    if not work.get(WorkerService).is_any_running:
        return
    waiting = or_(JobRun.locked_until.is_(None), JobRun.locked_until <= now)
    late = select(JobRun.name).where(known, waiting, JobRun.next_at < now - JOBS_LATE)
    names = work.session.scalars(late.order_by(JobRun.name)).all()
    if names:
        yield Finding(
            level="error",
            place="worker",
            text=_("these jobs are overdue: ${jobs}", mapping={"jobs": ", ".join(names)}),
            remedy=_(
                "see under /admin/plugins which job is running, read the log of the worker, and restart it"
            ),
        )


def _workers(work: "Work") -> Iterator[Finding]:
    service = work.get(WorkerService)
    last = service.last_seen()
    if last is None:
        if work.site.is_production:
            yield Finding(
                level="warning",
                place="worker",
                text=_("no worker has ever run: no message is sent and no job runs"),
                remedy="civicportal worker",
            )
    elif not service.is_any_running:
        yield Finding(
            level="error",
            place="worker",
            text=_(
                "no worker has run for ${minutes} minutes: no message is sent and no job runs",
                mapping=_minutes(work.clock.now() - last),
            ),
            remedy="civicportal worker",
        )


def _standby(work: "Work") -> Iterator[Finding]:
    """Yield a finding while commits wait for a standby.

    Every form hangs while it is down.
    """
    if work.site.engines.dialect != "postgresql":
        return
    waiting = work.session.scalar(_WAITING_COMMITS, {"seconds": COMMITS_LATE})
    if waiting:
        yield Finding(
            level="error",
            place="site.database_url",
            text=_(
                "${number} commits wait for a standby that does not answer: nothing can be sent",
                mapping={"number": waiting},
            ),
            remedy=_("start the standby, or let the primary go on without it as docs/use/failover.md says"),
        )


def _size(work: "Work") -> Iterator[Finding]:
    """Yield a finding about a too large SQLite database."""
    if work.site.engines.dialect != "sqlite":
        return
    number = work.session.scalar(select(func.count()).select_from(Case)) or 0
    if number >= SQLITE_CASES_NEAR:
        yield Finding(
            level="warning",
            place="site.database_url",
            text=_(
                "SQLite is supported up to ${most} cases, and this portal has ${number}",
                mapping={"most": SQLITE_CASES, "number": number},
            ),
            remedy=_("move it to PostgreSQL with civicportal db copy, as docs/use/move-database.md says"),
        )
