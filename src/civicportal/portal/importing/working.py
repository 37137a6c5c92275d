"""The worker's part of prepared imports: reading, checking, importing and taking back.

One worker at a time runs the job, so a step that is running when the job begins was interrupted, and is taken again.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update

from civicportal.core.db import changed_rows
from civicportal.core.jobs import Job
from civicportal.core.security import Identity
from civicportal.core.storage import new_key
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.kinds import kinds_of
from civicportal.portal.importing.archives import ARCHIVE, Unpacking, pack
from civicportal.portal.importing.batches import importable_kinds, read_mapping
from civicportal.portal.importing.contents import FileContents, read_contents
from civicportal.portal.importing.editing import with_tables
from civicportal.portal.importing.errors import ImportRefused, MappingError
from civicportal.portal.importing.mapping import ImportMapping, read_sections, source_of
from civicportal.portal.importing.models import UNFINISHED, ImportBatch, ImportFile, ImportTask
from civicportal.portal.importing.open311 import (
    PICTURES,
    WINDOW,
    Item,
    Open311Server,
    Open311Snapshot,
    open311_mapping,
    window_of,
)
from civicportal.portal.importing.report import ImportReport, open_report
from civicportal.portal.importing.run import import_files
from civicportal.portal.importing.sources import SourceFile
from civicportal.portal.importing.tasks import KEPT, MANAGE, MOST_FILES, clean_imports, digest_of
from civicportal.portal.importing.undo import undo_batch
from civicportal.util.errors import Refused
from civicportal.util.folders import working_folder
from civicportal.util.i18n import _, say

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.util.values import Values

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
"""A step that was interrupted more often has failed."""
MOST_REASONS = 50
MOST_KEPT = 200
"""Tracking codes of cases that an undo has left, which are listed."""
LARGEST = 4 * 1024**3
"""Bytes of the answers of a server, and of what archives unpack to."""
LINES = 25
"""Lines of a server between two looks whether the step was cancelled."""
WAIT_SECONDS = 2.0
"""Between two such looks while a server is busy."""
EARLIEST = date(2015, 1, 1)
"""First day of the requests of a server, if none was chosen."""
ERROR = _("An error of the portal, described in its log.")


class ImportTaskStopped(Exception):
    """The step was cancelled."""


def run_waiting(site: "Site") -> None:
    """Take all ordered steps, one after the other."""
    while (task := _next(site)) is not None:
        take(site, task)


def _next(site: "Site") -> ImportTask | None:
    waiting = select(ImportTask).where(ImportTask.state.in_(UNFINISHED))
    first = waiting.order_by(ImportTask.created_at, ImportTask.id).limit(1)
    with site.work(write=False) as work:
        # Hardly ever is there one: only then a transaction is opened that writes.
        if work.session.scalar(first) is None:
            return None
    with site.work() as work:
        task = work.session.scalar(first.with_for_update())
        if task is not None:
            task.state, task.attempts, task.done, task.place = "running", task.attempts + 1, 0, ""
    return task


def take(site: "Site", task: ImportTask) -> None:
    """Take a step that is running."""
    try:
        if task.attempts > MOST_ATTEMPTS:
            raise ImportRefused(_("It was interrupted several times. Ask the operator for the log."))
        outcome = STEPS[task.step](site, task)
    except ImportTaskStopped:
        log.info("import %s was cancelled", task.id)
        return
    except Refused as refused:
        outcome = {"state": "failed", "error": say(refused.reason, site.localizer(task.locale))[:1000]}
    except Exception:
        log.exception("import %s failed", task.id)
        outcome = {"state": "failed", "error": say(ERROR, site.localizer(task.locale))}
    now = site.clock.now()
    _write(
        site, task, {"state": "done", "error": "", "finished_at": now, "expires_at": now + KEPT, **outcome}
    )
    if task.report and "report" in outcome:
        site.storage.delete(task.report)


def _read(site: "Site", task: ImportTask) -> "Values":
    """Return what is in the files, and a first mapping if there is none."""
    services, found = _fetch(site, task) if task.address else ([], {})
    text = task.mapping
    is_first = not read_sections(text)
    try:
        mapping: ImportMapping | None = read_mapping(site, text)
    except MappingError:
        mapping = None
    contents: dict[str, FileContents] = {}
    with _files(site, task) as given:
        if len(given.tables) > MOST_FILES and not task.address:
            raise ImportRefused(_("At most ${count} are allowed here.", mapping={"count": MOST_FILES}))
        if not given.tables:
            raise ImportRefused(
                _("The server has no requests of these days.") if task.address else _("There is no table.")
            )
        for path in given.tables:
            _write(site, task, {"place": path.name})
            file = SourceFile(path)
            if mapping is not None:
                file = SourceFile(path, mapping.encoding, mapping.delimiter)
            one = read_contents(file)
            if mapping is not None:
                one = replace(one, entity=mapping.section_of(path.name).entity)
            elif task.address:
                one = replace(one, entity="history" if path.name.startswith("updates") else "cases")
            contents[path.name] = one
    kind = task.kind or next(iter(importable_kinds(site)), "")
    if task.address and is_first:
        agencies = {text: "" for one in contents.values() for text in one.texts.get("agency_responsible", ())}
        text = open311_mapping(site, task.address, services, list(agencies), kind, source_of(text))
    elif mapping is None and not task.address:
        text = with_tables(text, contents, kind, kinds_of(site)[kind].import_columns)
    lines = sum(one.lines for one in contents.values())
    return {
        **found,
        "contents": {name: one.to_json() for name, one in contents.items()},
        "mapping": text,
        "total": lines,
        "done": lines,
    }


def _check(site: "Site", task: ImportTask) -> "Values":
    return {**_import(site, task, apply=False), "checked": digest_of(task.mapping)}


def _apply(site: "Site", task: ImportTask) -> "Values":
    return _import(site, task, apply=True)


def _import(site: "Site", task: ImportTask, *, apply: bool) -> "Values":
    actor, done = _actor(site, task), dict[str, int]()
    mapping = read_mapping(site, task.mapping)

    def progress(name: str, lines: int) -> None:
        # The lines of a history are read twice: into the staging, and with their case.
        done[name] = max(lines, done.get(name, 0))
        _write(site, task, {"place": name, "done": sum(done.values())})

    with _files(site, task) as given, _reporting(site, task) as (problems, reported):
        summary = import_files(
            site,
            mapping,
            given.tables,
            problems,
            apply=apply,
            progress=progress,
            attachments=given.pictures,
            actor=actor,
        )
    found: Values = {
        "counts": {entity: dict(numbers) for entity, numbers in summary.counts.items()},
        "done": task.total,
        **reported,
    }
    return {**found, "batch_id": summary.batch} if apply else found


def _undo(site: "Site", task: ImportTask) -> "Values":
    actor, number, done = _actor(site, task), task.batch_id or 0, 0
    with site.work(write=False) as work:
        batch = work.session.get(ImportBatch, number)
        if batch is not None and batch.state == "undone" and task.attempts > 1:
            # It was interrupted after its last transaction.
            return {}
        total = (batch.counts or {}).get("cases", 0) if batch else 0
    _write(site, task, {"total": total})

    def progress(cases: int) -> None:
        nonlocal done
        done += cases
        _write(site, task, {"done": done})

    result = undo_batch(site, number, progress, actor=actor)
    numbers = {
        "cases": result.cases,
        "people": result.people,
        "others": result.others,
        "kept": len(result.kept),
    }
    return {
        "counts": {"undone": numbers},
        "reasons": [[code, 1] for code in result.kept[:MOST_KEPT]],
    }


STEPS: "dict[str, Callable[[Site, ImportTask], Values]]" = {
    "read": _read,
    "check": _check,
    "apply": _apply,
    "undo": _undo,
}


def _fetch(site: "Site", task: ImportTask) -> "tuple[list[Item], dict[str, object]]":
    """Read the server, and store what it has answered, file by file: the next attempt goes on behind the last one.

    :returns: its services, if a mapping is to be suggested; and values of the task.
    """
    _actor(site, task)
    since = site.calendar.at(task.first_day or EARLIEST, clock_time.min)
    until = site.calendar.at(task.last_day + timedelta(days=1), clock_time.min) if task.last_day else None
    windows = 2 * ((site.clock.now() - since) // WINDOW + 1)
    done, services = 0, list[Item]()

    def progress(name: str, lines: int) -> None:
        if lines % LINES == 0:
            _write(site, task, {"place": name, "done": done, "total": windows})

    def wait(seconds: float) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            _write(site, task, {"total": windows})
            time.sleep(min(left, WAIT_SECONDS))  # Retry-After of the server; the lease is renewed in between

    with working_folder("import") as name, _reporting(site, task) as (report, found):
        folder, server = Path(name), Open311Server(address=task.address, jurisdiction=task.jurisdiction)
        for file in _stored(site, task):
            # What is there is not read again, unless it is of days that have not ended yet.
            (folder / file.name).touch()
        with Open311Snapshot(site, server, folder, report, most=LARGEST, wait=wait) as snapshot:
            if not read_sections(task.mapping):
                services = snapshot.services()
            for path in snapshot.read(since, progress, until):
                pictures = [one for one in folder.glob(f"{PICTURES}/*") if one.is_file()]
                _store(site, task, [*pack(pictures, folder, f"{PICTURES}-{path.stem}"), path])
                done += 1
    return services, found


def _store(site: "Site", task: ImportTask, paths: list[Path]) -> None:
    """Store files that were read from a server, in place of those of the same windows."""
    rows = []
    for path in paths:
        key, size = new_key(), path.stat().st_size
        with path.open("rb") as file:
            site.storage.put(key, file)
        rows.append(ImportFile(task_id=task.id, name=path.name, key=key, size=size))
        path.unlink()
    # A window that was read in part before has another name.
    windows = {window for path in paths if (window := window_of(path)) is not None}
    begins = [f"{begin}{window}-" for window in windows for begin in ("", f"{PICTURES}-")]
    same = (
        ImportFile.task_id == task.id,
        or_(
            ImportFile.name.in_([row.name for row in rows]),
            *(ImportFile.name.startswith(begin) for begin in begins),
        ),
    )
    with site.work() as work:
        before = work.session.scalars(select(ImportFile.key).where(*same)).all()
        work.session.execute(delete(ImportFile).where(*same))
        work.session.add_all(rows)
    for key in before:
        site.storage.delete(key)


def _stored(site: "Site", task: ImportTask) -> Sequence[ImportFile]:
    with site.work(write=False) as work:
        query = select(ImportFile).where(ImportFile.task_id == task.id).order_by(ImportFile.id)
        return work.session.scalars(query).all()


@dataclass(frozen=True, kw_only=True)
class _Given:
    """Copies of the files.

    :ivar pictures: their folder; None if there are none.
    """

    tables: list[Path]
    pictures: Path | None


@contextmanager
def _files(site: "Site", task: ImportTask) -> Iterator[_Given]:
    """Yield copies of the files under their names, and the contents of archives, in a folder of their own."""
    with working_folder("import") as name:
        unpacking = Unpacking(Path(name), most=LARGEST)
        tables = []
        for file in _stored(site, task):
            path = unpacking.files / file.name
            if path.exists():
                # An archive before it has a table of this name.
                raise ImportRefused(_("Two files are called ${file}.", mapping={"file": file.name}))
            with closing(site.storage.open(file.key)) as source, path.open("xb") as target:
                shutil.copyfileobj(source, target)
            if path.suffix.lower() == ARCHIVE:
                unpacking.unpack(path, file.name)
                path.unlink()
            else:
                tables.append(path)
        pictures = unpacking.folder if unpacking.pictures else None
        yield _Given(tables=[*tables, *unpacking.tables], pictures=pictures)


@contextmanager
def _reporting(site: "Site", task: ImportTask) -> "Iterator[tuple[ImportReport, dict[str, object]]]":
    """Yield a report, and values of the task that name it when it has ended."""
    found: dict[str, object] = {}
    with working_folder("import") as name:
        path = Path(name) / "report.csv"
        with open_report(site, path, task.locale) as report:
            yield report, found
        key = None
        if report.reasons:
            key = new_key()
            with path.open("rb") as file:
                site.storage.put(key, file)
    found["reasons"] = [[reason, number] for reason, number in report.reasons.most_common(MOST_REASONS)]
    found["report"] = key


def _actor(site: "Site", task: ImportTask) -> Identity:
    """Return who ordered the step.

    :raises ImportRefused: when the person has lost the right.
    """
    with site.work(write=False) as work:
        user = work.session.get(User, task.created_by_id) if task.created_by_id else None
        if user is not None and not user.disabled_at and not user.deleted_at:
            actor = identity_of(work, user, "staff")
            if actor.permits(MANAGE):
                return actor
    raise ImportRefused(_("The person who ordered it may not import any more."))


def _write(site: "Site", task: ImportTask, values: "Values") -> None:
    """Change the row of a step that is being taken.

    :raises ImportTaskStopped: when it was cancelled.
    """
    with site.work() as work:
        mine = update(ImportTask).where(ImportTask.id == task.id, ImportTask.state == "running")
        changed = work.session.execute(
            mine.values(**values), execution_options={"synchronize_session": False}
        )
        if not changed_rows(changed):
            raise ImportTaskStopped


JOBS = (
    Job(name="core.imports", every=timedelta(seconds=5), run=run_waiting, lane="long"),
    Job(name="core.imports-expired", every=timedelta(hours=1), run=clean_imports),
)
