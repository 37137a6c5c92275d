"""Records of backups, written by the commands, read by ``check`` and by monitoring."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, inspect, select, update
from sqlalchemy.exc import DBAPIError

from civicportal.core.checks import Finding
from civicportal.portal.backups.models import BackupRun
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

KEEP = timedelta(days=400)


def last_verified(work: "Work") -> datetime | None:
    """Return the time of the snapshot of the newest verified backup.

    It is None if there is none.
    """
    return work.session.scalar(
        select(func.max(BackupRun.made_at)).where(BackupRun.verified_at.is_not(None), BackupRun.error == "")
    )


def note(
    site: "Site",
    archive: str,
    made_at: datetime,
    *,
    is_verified: bool = False,
    error: str = "",
    is_new: bool = True,
) -> None:
    """Record a backup or its failure.

    If the database has the table and answers.

    :param is_new: False for the verification of an archive that may be recorded already.
    """
    verified_at = site.clock.now() if is_verified else None
    values = {"verified_at": verified_at, "error": error[:300]}
    try:
        if inspect(site.engines.read).has_table(BackupRun.__tablename__):
            _write(site, archive, made_at, values, is_new=is_new)
    except DBAPIError as trouble:
        # The backup exists anyway, or the database itself has failed: the caller reports it.
        log.warning("the database does not remember this backup: %s", trouble.orig)


def _write(
    site: "Site", archive: str, made_at: datetime, values: dict[str, datetime | str | None], *, is_new: bool
) -> None:
    with site.work() as work:
        same = (BackupRun.archive == archive, BackupRun.made_at == made_at)
        known = None if is_new else work.session.scalar(select(BackupRun.id).where(*same).limit(1))
        if known:
            work.session.execute(update(BackupRun).where(BackupRun.id == known).values(**values))
        else:
            work.session.add(BackupRun(archive=archive, made_at=made_at, **values))
        work.session.execute(delete(BackupRun).where(BackupRun.made_at < work.clock.now() - KEEP))


def forget_all(work: "Work") -> None:
    """Delete the records of the portal from which this one was restored."""
    work.session.execute(delete(BackupRun))


def findings(work: "Work") -> Iterator[Finding]:
    """Yield findings about the backups of a portal in production."""
    if not work.site.is_production:
        return
    last = work.session.scalar(select(BackupRun).order_by(BackupRun.id.desc()).limit(1))
    if last and last.error:
        yield Finding(
            level="error",
            place="backup",
            text=_("the last backup failed: ${reason}", mapping={"reason": last.error}),
            remedy=_("correct the cause, then run civicportal backup --verify"),
        )
    last_good, most = last_verified(work), timedelta(hours=work.site.settings["backup"]["max_age_hours"])
    age = work.clock.now() - last_good if last_good else None
    if age is None:
        yield Finding(
            level="warning",
            place="backup",
            text=_("no backup was ever verified"),
            remedy="civicportal backup --verify",
        )
    elif age > most:
        yield Finding(
            level="error" if age > 4 * most else "warning",
            place="backup",
            text=_(
                "the last verified backup is ${hours} hours old",
                mapping={"hours": int(age.total_seconds() // 3600)},
            ),
            remedy=_("check the timer and its log: systemctl status civicportal-backup"),
        )
