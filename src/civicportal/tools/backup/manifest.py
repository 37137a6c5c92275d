"""The manifest of a backup: portal, code, tables, and required settings, without secrets."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from civicportal import __version__
from civicportal.core.migration.packages import CORE, Package, packages
from civicportal.core.migration.state import current
from civicportal.domain.ownership import portal_id
from civicportal.tools.backup.databases import check_programs
from civicportal.tools.backup.errors import BackupError
from civicportal.util.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from civicportal.core.site import Site

FORMAT = 2
"""Format of the archive; a newer one is refused. Format 1 has no signature and no figures."""
IN_IT, BESIDE_IT = "archive", "repository"
"""Where the pictures of a backup are stored."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The contents of ``manifest.json``.

    :ivar made_at: date and time (ISO 8601, UTC) before the snapshot of the database.
    :ivar database: "sqlite" or "postgresql".
    :ivar versions: of the core and of each plugin of the site, in its order.
    :ivar revisions: the current migration of each of them that has tables.
    :ivar site_file: SHA-256 of the ``site.toml``.
    :ivar environment: the environment variables used in the ``site.toml``, each with its setting.
    :ivar secret_files: the same for the files it reads settings from.
    :ivar secret_mark: check value that distinguishes ``site.secret`` from others without revealing it.
    :ivar portal: id of the portal that was backed up; empty in format 1.
    :ivar server: major version of the PostgreSQL server; 0 for SQLite, or in format 1.
    :ivar pictures: :data:`IN_IT` or :data:`BESIDE_IT`.
    :ivar tables: number of rows and digest of the content of each table; empty in format 1.
    """

    format: int
    made_at: str
    database: str
    versions: dict[str, str]
    revisions: dict[str, str]
    site_file: str
    environment: dict[str, str]
    secret_files: dict[str, str]
    secret_mark: str
    portal: str = ""
    server: int = 0
    pictures: str = IN_IT
    tables: Mapping[str, Sequence[object]] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return the text of the file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2).encode() + b"\n"


def describe(site: "Site", moment: datetime, *, in_repository: bool = False) -> Manifest:
    """Describe the current portal.

    :param moment: time of the snapshot.
    :param in_repository: whether its pictures are stored outside the archive.

    :raises BackupError: when it has no tables, or the client programs for its PostgreSQL server are missing.
    """
    revisions = {state.name: state.current for state in current(site) if state.current}
    if CORE not in revisions:
        raise BackupError("the database has no tables: there is nothing to back up")
    return Manifest(
        format=FORMAT,
        made_at=moment.isoformat(timespec="seconds"),
        database=site.engines.dialect,
        versions={CORE: __version__, **{info.name: info.version for info in site.plugins}},
        revisions=revisions,
        site_file=fingerprint(site.path),
        environment=dict(_outside(site.path, "env")),
        secret_files=dict(_outside(site.path, "file")),
        secret_mark=mark_of(site),
        portal=portal_id(site),
        server=check_programs(site.engines),
        pictures=BESIDE_IT if in_repository else IN_IT,
    )


def read_manifest(text: bytes) -> Manifest:
    """Parse ``manifest.json``.

    :raises BackupError: when it is invalid, or of a newer format.
    """
    try:
        values = json.loads(text)
        if not 1 <= values["format"] <= FORMAT:
            raise BackupError(
                f"the backup has format {values['format']}, this code knows {FORMAT}: install the code that made it"
            )
        manifest = Manifest(**values)
        _check_form(manifest)
        return manifest
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BackupError("this is no backup of a portal: its manifest cannot be read") from None


def _check_form(manifest: Manifest) -> None:
    """Refuse a manifest with values of wrong types.

    :raises TypeError: for a value of a wrong type, ValueError for an invalid text.
    """
    texts = (manifest.made_at, manifest.database, manifest.site_file, manifest.secret_mark, manifest.portal)
    named = (manifest.versions, manifest.revisions, manifest.environment, manifest.secret_files)
    fits = (
        type(manifest.format) is int
        and type(manifest.server) is int
        and manifest.pictures in (IN_IT, BESIDE_IT)
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(values, dict) for values in named)
        and all(isinstance(text, str) for values in named for text in values.values())
        and isinstance(manifest.tables, dict)
        and all(isinstance(table, list) for table in manifest.tables.values())
    )
    if not fits:
        raise TypeError("a value of another type")
    if datetime.fromisoformat(manifest.made_at).tzinfo is None:
        raise ValueError("a moment of an unknown time zone")
    # A lone surrogate cannot be printed.
    manifest.to_json()


def fingerprint(path: "Path") -> str:
    """Return the SHA-256 (hex) of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def mark_of(site: "Site") -> str:
    """Return 16 hex digits that distinguish the site's secret from others."""
    return site.keys.mac("backup").hex()[:16]


def refuse_unfit(site: "Site", manifest: Manifest, *, other_secret: bool) -> None:
    """Refuse a backup that this site's code cannot use.

    :param other_secret: accept it although ``site.secret`` has changed.
    :raises BackupError: with all reasons and what to do.
    """
    reasons = list(_reasons(site, manifest))
    if mark_of(site) != manifest.secret_mark and not other_secret:
        reasons.append(
            "site.secret differs from that of the backup: no one would be found by national code or mobile, and follow-up"
            " passwords would not open. Give the old one; if it is lost, restore with --other-secret"
        )
    if reasons:
        raise BackupError("\n".join(reasons))


def _reasons(site: "Site", manifest: Manifest) -> Iterator[str]:
    if manifest.database != site.engines.dialect:
        yield (
            f"the backup is of a {manifest.database} database, and site.database_url names a"
            f" {site.engines.dialect} one: name an empty {manifest.database} database"
        )
    elif (server := check_programs(site.engines)) < manifest.server:
        yield (
            f"the backup is of PostgreSQL {manifest.server}, and this server is PostgreSQL {server}: name a database on"
            f" a server of version {manifest.server} or newer"
        )
    here, there = {CORE, *(info.name for info in site.plugins)}, set(manifest.versions)
    for name in sorted(there - here):
        yield f"the backup has the plugin {name} {manifest.versions[name]}: install it and list it in site.plugins"
    for name in sorted(here - there):
        yield f"the backup has no plugin {name}: take it off site.plugins, and put it back after the restore"
    for package in packages(site):
        revision = manifest.revisions.get(package.name)
        if revision and not _knows(package, revision):
            yield (
                f"the backup has the tables of {package.name} at {revision}, which this code does not know: install"
                f" {package.name} {manifest.versions.get(package.name, '')} or newer".rstrip()
            )


def _knows(package: Package, revision: str) -> bool:
    return any(path.name.startswith(f"{revision}_") for path in package.versions.glob("*.py"))


def _outside(path: "Path", key: str) -> Iterator[tuple[str, str]]:
    """Yield external variables and files with their settings."""
    yield from _named(read_toml(path), key, ())


def _named(value: object, key: str, place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        return
    if key in value and set(value) <= {key, "default"}:
        yield value[key], ".".join(place)
        return
    for name, item in value.items():
        yield from _named(item, key, (*place, name))
