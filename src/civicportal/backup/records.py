"""Which backups were made and verified: written by the commands, read by the doctor and by monitoring."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, inspect, select, update

from civicportal.backup.models import BackupRun
from civicportal.checks import Finding
from civicportal.i18n import _

if TYPE_CHECKING:
    from civicportal.site import Site
    from civicportal.work import Work

KEEP = timedelta(days=400)


def verified_age(work: "Work") -> timedelta | None:
    """Return how old the newest verified backup is, counted from the moment of its snapshot; None if there is none."""
    newest = work.session.scalar(
        select(func.max(BackupRun.made_at)).where(BackupRun.verified_at.is_not(None), BackupRun.error == "")
    )
    return work.clock.now() - newest if newest else None


def note(
    site: "Site", archive: str, made_at: datetime, *, is_verified: bool, error: str = "", is_new: bool = True
) -> None:
    """Remember a backup, or why there is none; one whose database has no table for it is passed over.

    :param is_new: False for the result of looking at an archive that may be known.
    """
    if not inspect(site.engines.read).has_table(BackupRun.__tablename__):
        return
    now = site.clock.now()
    verified_at = now if is_verified and not error else None
    values = {"verified_at": verified_at, "error": error[:300]}
    with site.work() as work:
        same = (BackupRun.archive == archive, BackupRun.made_at == made_at)
        known = None if is_new else work.session.scalar(select(BackupRun.id).where(*same).limit(1))
        if known:
            work.session.execute(update(BackupRun).where(BackupRun.id == known).values(**values))
        else:
            work.session.add(BackupRun(archive=archive, made_at=made_at, **values))
        work.session.execute(delete(BackupRun).where(BackupRun.made_at < now - KEEP))


def forget_all(work: "Work") -> None:
    """Forget the backups of another portal, from which this one was restored."""
    work.session.execute(delete(BackupRun))


def findings(work: "Work") -> Iterator[Finding]:
    """Yield what is wrong with the backups of a portal in production."""
    if not work.site.is_production:
        return
    last = work.session.scalar(select(BackupRun).order_by(BackupRun.id.desc()).limit(1))
    if last and last.error:
        yield Finding(
            level="error",
            place="backup",
            text=_("the last backup failed: ${reason}", mapping={"reason": last.error}),
            remedy=_("mend it, then civicportal backup --verify"),
        )
    age, most = verified_age(work), timedelta(hours=work.site.settings["backup"]["max_age_hours"])
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
            remedy=_("look at the timer and its log: systemctl status civicportal-backup"),
        )
