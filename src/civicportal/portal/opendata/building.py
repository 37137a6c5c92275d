"""The nightly build of all files."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import delete, select

from civicportal.core.logging import mask
from civicportal.core.storage import new_key
from civicportal.portal.opendata.datasets import DataRow, OpenDataset, datasets_of
from civicportal.portal.opendata.formats import DataFormat, formats_of
from civicportal.portal.opendata.models import DataBuild, DataFile, DataRelease
from civicportal.util.calendar.months import month_of

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

DELAY = timedelta(days=7)
"""A month is released this long after its end, or later: objections and corrections come within a week."""
KEEP = timedelta(days=400)
"""How long builds are listed."""
STEP = 10_000
"""Rows between two calls of the progress."""
CHUNK = 1024 * 1024
BuildProgress = Callable[[str, int], None]
"""Function that is called with a file and the number of rows so far."""


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A file of this build.

    :ivar is_new: its content is not stored under another key already.
    """

    dataset: str
    format: str
    key: str
    size: int
    sha256: str
    rows: int
    is_new: bool


def build(site: "Site", progress: BuildProgress = lambda _name, _rows: None) -> None:
    """Release what is due, write the files, and replace those of the last build by them in one transaction.

    Only one build may run at a time: see :func:`civicportal.portal.opendata.jobs.run_now`.
    """
    with site.work() as work:
        started = DataBuild(started_at=work.clock.now())
        work.session.add(started)
        work.session.flush()
        build_id = started.id
    made: list[_Made] = []
    try:
        until = month_of(site.calendar.today(site.clock.now() - DELAY), site.calendar)
        for dataset in datasets_of(site).values():
            _release(site, dataset, until)
            for one in formats_of(dataset):
                made.append(_write(site, dataset, one, progress))
        dropped = _publish(site, build_id, made)
    except BaseException as error:
        # The files that it has stored belong to no row: they are cleaned up like other such files.
        with site.work() as work:
            failed = work.session.get_one(DataBuild, build_id)
            failed.finished_at = work.clock.now()
            failed.error = mask(f"{type(error).__name__}: {error}")[:300]
        raise
    for key in dropped:
        site.storage.delete(key)


def _release(site: "Site", dataset: OpenDataset, until: date) -> None:
    if dataset.release is None:
        return
    with site.work(write=False) as work:
        last = work.session.get(DataRelease, dataset.name)
    if last is not None and last.until >= until:
        return
    dataset.release(site, until)
    with site.work() as work:
        work.session.merge(DataRelease(dataset=dataset.name, until=until))


def _write(site: "Site", dataset: OpenDataset, one: DataFormat, progress: BuildProgress) -> _Made:
    """Write a file, and store it unless the last build has the same."""
    name = f"{dataset.name}.{one.name}"
    rows = _Counted(dataset.rows(site), lambda number: progress(name, number))
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        one.write(file, dataset, rows)
        size, digest = _measured(file)
        with site.work(write=False) as work:
            last = work.session.get(DataFile, (dataset.name, one.name))
        # A restored portal may lack the file.
        is_same = last is not None and last.sha256 == digest and site.storage.exists(last.key)
        key = last.key if last is not None and is_same else new_key()
        if not is_same:
            file.seek(0)
            site.storage.put(key, file)
    progress(name, rows.number)
    return _Made(
        dataset=dataset.name,
        format=one.name,
        key=key,
        size=size,
        sha256=digest,
        rows=rows.number,
        is_new=not is_same,
    )


def _measured(file: BinaryIO) -> tuple[int, str]:
    """Return size and SHA-256 of a file."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _publish(site: "Site", build_id: int, made: list[_Made]) -> list[str]:
    """Replace the files by those of this build; return the keys that are not used any more."""
    with site.work() as work:
        now = work.clock.now()
        before = {(one.dataset, one.format): one for one in work.session.scalars(select(DataFile))}
        dropped = {one.key for one in before.values()} - {file.key for file in made}
        for file in made:
            old = before.pop((file.dataset, file.format), None)
            changed_at = old.changed_at if old is not None and not file.is_new else now
            work.session.merge(
                DataFile(
                    dataset=file.dataset,
                    format=file.format,
                    key=file.key,
                    size=file.size,
                    sha256=file.sha256,
                    rows=file.rows,
                    changed_at=changed_at,
                )
            )
        for one in before.values():
            work.session.delete(one)
        finished = work.session.get_one(DataBuild, build_id)
        finished.finished_at = now
        finished.rows = sum(file.rows for file in made if file.format == "csv")
        finished.size = sum(file.size for file in made)
        finished.changed = sum(file.is_new for file in made)
        work.session.execute(delete(DataBuild).where(DataBuild.started_at < now - KEEP))
    return sorted(dropped)


class _Counted:
    """Rows with a counter that reports its progress."""

    def __init__(self, rows: Iterator[DataRow], report: Callable[[int], None]) -> None:
        self._rows, self._report, self.number = rows, report, 0

    def __iter__(self) -> Iterator[DataRow]:
        for row in self._rows:
            self.number += 1
            if self.number % STEP == 0:
                self._report(self.number)
            yield row
