"""Bringing a portal back: what does not fit is refused before anything is touched; files come first, the database last."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sqlalchemy import delete, update

from civicportal import migrate
from civicportal.accounts.invitations import InvitationService
from civicportal.accounts.models import Session
from civicportal.backup.archive import DATABASE, FILES, MANIFEST, ArchiveReader
from civicportal.backup.databases import has_tables, load
from civicportal.backup.errors import BackupError
from civicportal.backup.making import BATCH, THREADS, TOLD_EVERY, Progress
from civicportal.backup.manifest import Manifest, fingerprint, read_manifest, refuse_unfit
from civicportal.cases.search_index import SearchIndex
from civicportal.cases.stock import damages
from civicportal.db import changed_rows
from civicportal.kartable.repair import mend_lines, wrong_lines
from civicportal.notifications.delivery import UNSETTLED
from civicportal.notifications.models import OutboxMessage
from civicportal.statistics import repair

if TYPE_CHECKING:
    from civicportal.site import Site


@dataclass(frozen=True, kw_only=True)
class Restored:
    """A portal that was brought back.

    :ivar files: how many were put into the store.
    :ivar messages: how many waited to be sent, and are not sent any more.
    :ivar links: how many invitations and links for a new password were open, and are void.
    :ivar ended: what plugins have ended, in words for the terminal.
    :ivar missing: pictures that a row names and the backup does not have: deleted while it was made.
    :ivar same_file: whether the ``site.toml`` is the one of then.
    """

    manifest: Manifest
    files: int
    messages: int
    links: int
    ended: Sequence[str]
    missing: int
    same_file: bool


def restore_backup(
    site: "Site", source: Path, progress: Progress, *, force: bool = False, other_secret: bool = False
) -> Restored:
    """Fill the site's database and store from a backup; nothing of the portal may run meanwhile.

    The tables are brought to where the code is, and what is made of the cases is compared with them. Everybody signs in
    anew; messages that waited are not sent and open links are void: they went out and were used after the backup was made.

    :param force: replace what is there.
    :param other_secret: see :func:`~civicportal.backup.manifest.refuse_unfit`.
    :raises BackupError: when the backup is damaged or does not fit, or something is there.
    """
    try:
        with source.open("rb") as file:
            archive = ArchiveReader(file)
            with archive.open(MANIFEST) as text:
                manifest = read_manifest(text.read())
            refuse_unfit(site, manifest, other_secret=other_secret)
            if not force:
                _refuse_filled(site)
            whole = archive.verify(lambda number: _tell(progress, number, "compared with their sums"))
            progress(f"{whole} files compared with their sums")
            files = _put_files(site, archive, progress)
            with archive.open(DATABASE) as snapshot:
                load(site.engines, snapshot)
    except OSError as error:
        raise BackupError(f"{error.filename or source}: {error.strerror or error}") from error
    progress("database restored")
    migrate.upgrade(site, progress=progress)
    messages, links = _forget_the_past(site)
    _make_whole(site, progress)
    return Restored(
        manifest=manifest,
        files=files,
        messages=messages,
        links=links,
        ended=_end_what_went_on(site),
        missing=sum(1 for _damage in damages(site, site.storage, contents=False)),
        same_file=fingerprint(site.path) == manifest.site_file,
    )


def _refuse_filled(site: "Site") -> None:
    filled = []
    if has_tables(site.engines):
        filled.append("the database has tables")
    if next(iter(site.storage.keys()), None):
        filled.append("there are files in the store")
    if filled:
        raise BackupError(
            f"{' and '.join(filled)}: restore into an empty place, or stop the portal and restore with --force,"
            " which replaces the database and leaves files that no row names to the sweeper"
        )


def _put_files(site: "Site", archive: ArchiveReader, progress: Progress) -> int:
    number = 0
    with ThreadPoolExecutor(THREADS) as pool:
        for batch in _batches(archive.members()):
            list(pool.map(lambda file: site.storage.put(*file), batch))
            number += len(batch)
            if number % TOLD_EVERY < len(batch):
                progress(f"{number} files restored")
    return number


def _batches(members: Iterator[tuple[str, IO[bytes]]]) -> Iterator[Sequence[tuple[str, bytes]]]:
    files = (
        (name.removeprefix(FILES), content.read()) for name, content in members if name.startswith(FILES)
    )
    while batch := list(islice(files, BATCH)):
        yield batch


def _forget_the_past(site: "Site") -> tuple[int, int]:
    """End all sessions, stop what waited to be sent, void open links; return how many messages and links that were."""
    waiting = update(OutboxMessage).where(OutboxMessage.state.in_(UNSETTLED))
    stopped = waiting.values(state="cancelled", lease_id=None, locked_until=None, last_error="restored")
    with site.work() as work:
        work.session.execute(delete(Session))
        done = work.session.execute(stopped.execution_options(synchronize_session=False))
        return changed_rows(done), work.get(InvitationService).void_all()


def _end_what_went_on(site: "Site") -> list[str]:
    """Let the plugins end what was under way, in a unit of work of its own: the core's part holds whatever they do."""
    with site.work() as work:
        return list(chain.from_iterable(site.hooks.hook.portal_restored(work=work)))


def _make_whole(site: "Site", progress: Progress) -> None:
    index = SearchIndex(site.engines)
    if any(index.verify()):
        progress("the index of words is made anew")
        index.rebuild(progress=progress)
    if repair.wrong_counters(site):
        progress("the counters of the statistics are made anew")
        repair.make_anew(site, progress)
    if wrong_lines(site):
        mend_lines(site, progress)


def _tell(progress: Progress, number: int, what: str) -> None:
    if number % TOLD_EVERY == 0:
        progress(f"{number} files {what}")
