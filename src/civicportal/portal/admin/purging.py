"""Removal of a plugin from a database: its tables, its rights in all roles, and its cases if requested."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Table, delete, func, select

from civicportal.domain.accounts.models import Role
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.statistics.backfill import rebuild
from civicportal.portal import upgrade as migrate
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from civicportal.core.site import Site

Fate = Literal["keep", "delete"]
BATCH = 200
"""Cases deleted in one transaction."""
PATIENCE = 60
"""Seconds that the deletion of one batch may take."""


@dataclass(frozen=True, kw_only=True)
class Purged:
    """The removed data of a plugin.

    :ivar cases: how many cases were deleted.
    :ivar rights: names of the rights that roles lost.
    """

    tables: tuple[str, ...]
    cases: int
    rights: tuple[str, ...]


def purge_plugin(
    site: "Site", name: str, *, cases: Fate | None = None, progress: Callable[[int, int], None]
) -> Purged:
    """Remove the data of a disabled plugin.

    Cases are deleted first, in batches, and the tables last, so an interrupted purge can be repeated. Their pictures
    are cleaned up later.

    :param cases: "keep" keeps the common part of its cases with their history; "delete" deletes them too.
    :param progress: called with the number of deleted cases and of all.
    :raises ConfigurationError: when the plugin has no tables here, or has cases and ``cases`` is not given.
    """
    tables = migrate.tables_of_plugin(site, name)
    kinds = _kinds(site, tables)
    number = _count(site, kinds)
    if number and cases is None:
        raise ConfigurationError(f"{name!r} has {number} cases: say --cases keep or --cases delete")
    deleted = _delete_cases(site, kinds, number, progress) if cases == "delete" else 0
    if cases == "delete":
        # Even if none was left: an interrupted purge may have deleted them already.
        rebuild(site)
    with site.work() as work:
        rights: set[str] = set()
        for role in work.session.scalars(select(Role)):
            doomed = [one for one in role.permissions if _is_of(one.permission, {name, *kinds}, site)]
            rights.update(one.permission for one in doomed)
            for one in doomed:
                role.permissions.remove(one)
        done = Purged(
            tables=tuple(sorted(table.name for table in tables)), cases=deleted, rights=tuple(sorted(rights))
        )
        work.get(AuditService).record(
            "plugin:purge",
            plugin=name,
            tables=list(done.tables),
            cases=deleted,
            cases_kept=number - deleted,
            rights=list(done.rights),
        )
    # Last: without its tables the purge could not be repeated.
    migrate.purge(site, name)
    return done


def _kinds(site: "Site", tables: list[Table]) -> set[str]:
    """Return the kinds of the plugin's tables.

    A table describes cases if each of its rows is the detail of one: its primary key is that of the case. Other tables
    only reference cases, perhaps those of another disabled service.
    """
    found: set[str] = set()
    with site.engines.read.connect() as connection:
        for table in tables:
            if table.primary_key.columns.keys() == ["case_id"]:
                described = select(Case.kind).join(table, table.c.case_id == Case.id).distinct()
                found.update(connection.scalars(described))
    return found - set(kinds_of(site))


def _count(site: "Site", kinds: set[str]) -> int:
    with site.engines.read.connect() as connection:
        return connection.scalar(select(func.count()).where(Case.kind.in_(kinds))) or 0


def _delete_cases(site: "Site", kinds: set[str], number: int, progress: Callable[[int, int], None]) -> int:
    deleted = 0
    while True:
        with site.work(patience=PATIENCE) as work:
            some = work.session.scalars(select(Case.id).where(Case.kind.in_(kinds)).limit(BATCH)).all()
            if not some:
                return deleted
            # Foreign keys delete history, referrals, rows of pictures and messages with their case.
            work.session.execute(delete(Case).where(Case.id.in_(some)))
        deleted += len(some)
        progress(deleted, number)


def _is_of(permission: str, owners: set[str], site: "Site") -> bool:
    return permission.partition(":")[0] in owners and permission not in site.permissions
