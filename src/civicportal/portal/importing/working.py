"""The worker's part of prepared imports: reading, checking, importing and taking back.

One worker at a time runs the job, so a step that is running when the job begins was interrupted, and is taken again.
"""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from civicportal.core.db import changed_rows
from civicportal.core.jobs import Job
from civicportal.core.security import Identity
from civicportal.core.storage import new_key
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.kinds import kinds_of
from civicportal.portal.importing.batches import importable_kinds, read_mapping
from civicportal.portal.importing.contents import FileContents, read_contents
from civicportal.portal.importing.editing import with_tables
from civicportal.portal.importing.errors import ImportRefused, MappingError
from civicportal.portal.importing.mapping import ImportMapping
from civicportal.portal.importing.models import UNFINISHED, ImportBatch, ImportFile, ImportTask
from civicportal.portal.importing.report import open_report
from civicportal.portal.importing.run import import_files
from civicportal.portal.importing.sources import SourceFile
from civicportal.portal.importing.tasks import KEPT, MANAGE, clean_imports, digest_of
from civicportal.portal.importing.undo import undo_batch
from civicportal.util.errors import Refused
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
    kinds = importable_kinds(site)
    try:
        mapping: ImportMapping | None = read_mapping(site, task.mapping)
    except MappingError:
        mapping = None
    contents: dict[str, FileContents] = {}
    with _files(site, task) as paths:
        for path in paths:
            _write(site, task, {"place": path.name})
            file = SourceFile(path)
            if mapping is not None:
                file = SourceFile(path, mapping.encoding, mapping.delimiter)
            found = read_contents(file)
            if mapping is not None:
                found = replace(found, entity=mapping.section_of(path.name).entity)
            contents[path.name] = found
    text = task.mapping
    if mapping is None:
        kind = task.kind or next(iter(kinds), "")
        text = with_tables(text, contents, kind, kinds_of(site)[kind].import_columns)
    lines = sum(one.lines for one in contents.values())
    return {
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

    with _files(site, task) as paths:
        report = paths[0].parent.parent / "report.csv"
        with open_report(site.localizer(task.locale), report) as problems:
            summary = import_files(
                site, mapping, paths, problems, apply=apply, progress=progress, actor=actor
            )
        key = None
        if summary.reasons:
            key = new_key()
            with report.open("rb") as file:
                site.storage.put(key, file)
    found: Values = {
        "counts": {entity: dict(numbers) for entity, numbers in summary.counts.items()},
        "reasons": [[reason, number] for reason, number in summary.reasons.most_common(MOST_REASONS)],
        "report": key,
        "done": task.total,
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


@contextmanager
def _files(site: "Site", task: ImportTask) -> Iterator[list[Path]]:
    """Yield copies of the files under their names, in a folder of their own."""
    with site.work(write=False) as work:
        query = select(ImportFile).where(ImportFile.task_id == task.id).order_by(ImportFile.id)
        files = work.session.scalars(query).all()
    with TemporaryDirectory(prefix="civicportal-import-") as name:
        folder = Path(name) / "files"
        folder.mkdir()
        paths = []
        for file in files:
            path = folder / file.name
            with closing(site.storage.open(file.key)) as source, path.open("xb") as target:
                shutil.copyfileobj(source, target)
            paths.append(path)
        yield paths


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
