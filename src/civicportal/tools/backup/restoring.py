"""Restoring of a portal.

An incompatible backup is refused before any change, a later failure is undone.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update

from civicportal.core.db import changed_rows
from civicportal.core.storage import StoreMark
from civicportal.domain.accounts.invitations import InvitationService
from civicportal.domain.accounts.models import Session
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.stock import damages
from civicportal.domain.kartable.repair import repair_referrals, wrong_referrals
from civicportal.domain.notifications.delivery import UNSETTLED
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.ownership import portal_id, renew
from civicportal.domain.statistics import repair
from civicportal.portal import upgrade as migrate
from civicportal.portal.backups import records
from civicportal.tools.backup.archive import DATABASE, FILES, LIST, ArchiveReader
from civicportal.tools.backup.databases import clear, dump, has_tables, load
from civicportal.tools.backup.errors import BackupError
from civicportal.tools.backup.making import BATCH
from civicportal.tools.backup.manifest import Manifest, fingerprint, refuse_unfit
from civicportal.tools.backup.repository import THREADS, TOLD_EVERY, Progress, read_picture
from civicportal.tools.backup.verifying import Opened, opened, picture_list, signature_check
from civicportal.util.folders import prefix_of

if TYPE_CHECKING:
    from pyrage import Identity

    from civicportal.core.site import Site


@dataclass(frozen=True, kw_only=True)
class Restored:
    """Result of a restore.

    :ivar files: number of pictures of the backup.
    :ivar messages: number of waiting messages that are not sent any more.
    :ivar links: number of open invitations and password links that are now void.
    :ivar ended: what plugins have ended, as text for the terminal.
    :ivar missing: pictures that a row references and the backup does not have: deleted while it was made.
    :ivar same_file: whether the ``site.toml`` is the same as at the backup.
    """

    manifest: Manifest
    files: int
    messages: int
    links: int
    ended: Sequence[str]
    missing: int
    same_file: bool


@dataclass(frozen=True, kw_only=True)
class RestoreOptions:
    """Exceptions to the checks of a restore.

    :ivar force: replace existing data.
    :ivar other_secret: see :func:`~civicportal.tools.backup.manifest.refuse_unfit`.
    :ivar unsigned: accept an unsigned backup.
    :ivar public_key: of the portal that made it, if ``site.secret`` is another.
    :ivar identities: private age keys, for an encrypted backup.
    """

    force: bool = False
    other_secret: bool = False
    unsigned: bool = False
    public_key: str = ""
    identities: "Sequence[Identity]" = ()


def restore_backup(site: "Site", source: Path | str, progress: Progress, **options: Any) -> Restored:
    """Restore the site's database and store from a backup.

    No process of the portal may run at that time.

    The tables are migrated to the installed code, and data computed from cases is compared with them. All sessions end;
    waiting messages are not sent and open links are void, because they may have been sent and used after the backup.
    The portal gets a new id. If anything fails, database and store are put back as they were.

    :param source: path or ``s3://`` address of the archive.
    :param options: see :class:`RestoreOptions`.
    :raises BackupError: when the backup is damaged or does not fit, the target is not empty, or a step failed; the
        message describes the state of database and store.
    """
    chosen = RestoreOptions(**options)
    with opened(site, str(source), list(chosen.identities)) as backup, backup.path.open("rb") as file:
        manifest, archive = backup.manifest, ArchiveReader(file)
        refuse_unfit(site, manifest, other_secret=chosen.other_secret)
        mark = _refuse_filled(site, manifest, chosen)
        unsigned = chosen.unsigned or (chosen.other_secret and not chosen.public_key)
        check = signature_check(site, manifest, trusted=chosen.public_key, unsigned=unsigned)
        whole = archive.verify(lambda number: _tell(progress, number, "compared with their sums"), check)
        progress(f"{whole} files compared with their sums")
        with _Undo(site, mark, progress) as undo:
            done = _restore(site, backup, archive, chosen, undo, progress)
    return done


def _restore(
    site: "Site",
    backup: Opened,
    archive: ArchiveReader,
    options: RestoreOptions,
    undo: "_Undo",
    progress: Progress,
) -> Restored:
    store = site.storage.store
    files = undo.put_files(_pictures(backup, archive, options), progress)
    with archive.open(DATABASE) as snapshot:
        load(site.engines, snapshot)
    progress("database restored")
    migrate.upgrade(site, progress=progress)
    messages, links = _forget_the_past(site)
    _make_whole(site, progress)
    ended = _end_what_went_on(site)
    undo.replace_changed()
    missing = sum(1 for _damage in damages(site, store, contents=False))
    renew(site, store)
    return Restored(
        manifest=backup.manifest,
        files=files,
        messages=messages,
        links=links,
        ended=ended,
        missing=missing,
        same_file=fingerprint(site.path) == backup.manifest.site_file,
    )


def _refuse_filled(site: "Site", manifest: Manifest, options: RestoreOptions) -> StoreMark | None:
    """Refuse a target in use; return the store's mark.

    It is not empty or belongs to another portal.
    """
    store = site.storage.store
    mark = store.read_mark()
    is_again = mark is not None and mark.is_restoring
    here, filled = portal_id(site), []
    if mark and not is_again and mark.portal not in {here, manifest.portal}:
        raise BackupError(
            f"{store.place} belongs to another portal ({mark.portal}): name another store, or if that portal is no"
            " more, civicportal files adopt"
        )
    if has_tables(site.engines):
        filled.append("the database has tables")
    if next(iter(store.keys()), None):
        filled.append("there are files in the store")
    if filled and not options.force and not is_again:
        raise BackupError(
            f"{' and '.join(filled)}: restore into an empty place, or stop the portal and restore with --force,"
            " which replaces the database and leaves files that no row names to the sweeper"
        )
    return mark


class _Undo:
    """Put database and store back as they were when a restore fails.

    The store is marked as being restored first, so that a portal does not start on it and, when this process is killed,
    the restore can be run again.
    """

    def __init__(self, site: "Site", mark: StoreMark | None, progress: Progress) -> None:
        self._site, self._store, self._mark, self._progress = site, site.storage.store, mark, progress
        self._folder = Path(tempfile.mkdtemp(prefix=prefix_of("backup-before")))
        self._added = (self._folder / "added").open("w+")
        self._changed = self._folder / "changed"
        self._before = self._folder / "database"

    def __enter__(self) -> "_Undo":
        try:
            if has_tables(self._site.engines):
                dump(self._site.engines, self._before)
                self._progress("the present database is kept until the restore has succeeded")
            portal = self._mark.portal if self._mark else ""
            self._store.write_mark(StoreMark(portal=portal, mode=self._site.mode, is_restoring=True))
        except BaseException:
            self._tidy_up()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._tidy_up()
            return
        try:
            self._roll_back()
        except Exception as trouble:
            self._added.close()
            kept = f"; the database of before lies in {self._before}" if self._before.exists() else ""
            raise BackupError(
                f"{_words(error)}\nand what was there before could not be put back ({_words(trouble)}){kept}. Repair the"
                " reason and run the restore again: it may be repeated"
            ) from error
        self._tidy_up()
        if isinstance(error, Exception):
            raise BackupError(
                f"{_words(error)}\nnothing was restored: database and store are as they were"
            ) from error

    def put_files(self, pictures: Iterator[tuple[str, Callable[[], bytes]]], progress: Progress) -> int:
        """Store missing pictures, and set aside different ones."""
        number = 0
        with ThreadPoolExecutor(THREADS) as pool:
            while batch := list(islice(pictures, BATCH)):
                there = list(pool.map(self._store.exists, (key for key, _read in batch)))
                # Recorded before they are stored, so that a partial failure is known too.
                new = (key for (key, _read), is_there in zip(batch, there, strict=True) if not is_there)
                self._added.writelines(f"{key}\n" for key in new)
                self._added.flush()
                list(pool.map(self._put, batch, there))
                number += len(batch)
                if number % TOLD_EVERY < len(batch):
                    progress(f"{number} files restored")
        return number

    def _put(self, picture: tuple[str, Callable[[], bytes]], is_there: bool) -> None:
        key, read = picture
        content = read()
        if not is_there:
            self._store.put(key, content)
            return
        with self._store.open(key) as file:
            is_same = file.read() == content
        if not is_same:
            self._changed.mkdir(exist_ok=True)
            (self._changed / key).write_bytes(content)

    def replace_changed(self) -> None:
        """Replace damaged pictures, after all steps that can fail."""
        for path in self._changed.glob("*"):
            self._store.put(path.name, path.read_bytes())

    def _roll_back(self) -> None:
        # The terminal may be gone.
        with suppress(OSError):
            self._progress("it failed: putting back what was there before")
        if self._before.exists():
            with self._before.open("rb") as snapshot:
                load(self._site.engines, snapshot)
        elif has_tables(self._site.engines):
            clear(self._site.engines)
        self._added.seek(0)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._store.delete, (line.strip() for line in self._added)))
        self._store.write_mark(self._mark)

    def _tidy_up(self) -> None:
        self._added.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _words(error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return str(error) or type(error).__name__


def _pictures(
    backup: Opened, archive: ArchiveReader, options: RestoreOptions
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the key and a reader of each picture."""
    repository = backup.repository
    for name, content in archive.members():
        if name.startswith(FILES):
            yield name.removeprefix(FILES), _known(content.read())
        elif name == LIST and repository is not None:
            for key, digest in picture_list(content):
                yield key, _later(read_picture, repository, key, digest, list(options.identities))


def _known(content: bytes) -> Callable[[], bytes]:
    return lambda: content


def _later(read: Callable[..., bytes], *arguments: object) -> Callable[[], bytes]:
    return lambda: read(*arguments)


def _forget_the_past(site: "Site") -> tuple[int, int]:
    """End sessions, and cancel pending messages and links."""
    waiting = update(OutboxMessage).where(OutboxMessage.state.in_(UNSETTLED))
    stopped = waiting.values(state="cancelled", lease_id=None, locked_until=None, last_error="restored")
    with site.work() as work:
        work.session.execute(delete(Session))
        records.forget_all(work)
        done = work.session.execute(stopped.execution_options(synchronize_session=False))
        return changed_rows(done), work.get(InvitationService).void_all()


def _end_what_went_on(site: "Site") -> list[str]:
    """Let the plugins stop what was in progress."""
    with site.work() as work:
        return list(chain.from_iterable(site.hooks.hook.portal_restored(work=work)))


def _make_whole(site: "Site", progress: Progress) -> None:
    index = SearchIndex(site.engines)
    if any(index.verify()):
        progress("rebuilding the search index")
        index.rebuild(progress=progress)
    if repair.wrong_counters(site):
        progress("rebuilding the counters of the statistics")
        repair.rebuild_counters(site, progress)
    if wrong_referrals(site):
        repair_referrals(site, progress)


def _tell(progress: Progress, number: int, what: str) -> None:
    if number % TOLD_EVERY == 0:
        progress(f"{number} files {what}")
