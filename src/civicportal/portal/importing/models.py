"""Imported batches and lines, and imports that are being prepared."""

from datetime import date, datetime
from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, func, select
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column

if TYPE_CHECKING:
    from civicportal.core.work import Work

UNFINISHED = ("waiting", "running")
"""States of a step that the worker has not ended."""


class StoredContents(TypedDict):
    """What is in a file, see :class:`civicportal.portal.importing.contents.FileContents`."""

    entity: str
    headers: list[str]
    lines: int
    texts: dict[str, list[str]]


class ImportBatch(Base):
    """An import of some files with one mapping, which can be continued and undone."""

    __tablename__ = "import_batches"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    #: Name of the earlier system.
    source: Mapped[str] = tagged_column(String(60))
    #: Names of the files, for people.
    files: Mapped[list[str]] = tagged_column(JSON, default=list)
    #: Over the contents of files and mapping: the same import is continued, not begun again.
    digest: Mapped[str] = tagged_column(String(64), index=True)
    #: "running", "done", "undoing" or "undone".
    state: Mapped[str] = tagged_column(String(10))
    actor_id: Mapped[int | None] = tagged_column(BigId, person="")
    created_at: Mapped[datetime] = tagged_column()
    finished_at: Mapped[datetime | None] = tagged_column()
    #: Number of lines by entity that the batch has imported and that were not taken back; None while it runs.
    counts: Mapped[dict[str, int] | None] = tagged_column(JSON)


class ImportedRow(Base):
    """A line that was imported, with what it became."""

    __tablename__ = "imported_rows"
    __table_args__ = (Index(None, "batch_id", "entity", "row_id"),)

    #: Name of the earlier system.
    source: Mapped[str] = tagged_column(String(60), primary_key=True)
    #: "cases", "people", "units" or "categories".
    entity: Mapped[str] = tagged_column(String(12), primary_key=True)
    #: The line's own key in that system; for people a keyed hash of the mobile.
    key: Mapped[str] = tagged_column(String(120), primary_key=True)
    batch_id: Mapped[int] = tagged_column(BigId, ForeignKey("import_batches.id"))
    #: Keyed hash of the line, by which a later change is noticed.
    digest: Mapped[str] = tagged_column(String(64))
    #: Id of the case, person, unit or category.
    row_id: Mapped[int] = tagged_column(BigId)
    #: The last entry of the history that came with a case.
    last_event_id: Mapped[int | None] = tagged_column(BigId)


class ImportTask(Base):
    """Work that an administrator has ordered on the page of imports, and the worker does."""

    __tablename__ = "import_tasks"
    __table_args__ = (Index(None, "state", "created_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    #: Key in its URL.
    key: Mapped[str] = tagged_column(String(22), unique=True)
    created_by_id: Mapped[int | None] = tagged_column(BigId, person="")
    locale: Mapped[str] = tagged_column(String(10))
    #: The present or last step: "read", "check", "apply" or "undo".
    step: Mapped[str] = tagged_column(String(10))
    #: "waiting", "running", "done", "failed" or "cancelled".
    state: Mapped[str] = tagged_column(String(10))
    #: Kind of the cases for which a mapping is suggested.
    kind: Mapped[str] = tagged_column(String(60), default="")
    #: Address of the Open311 server whose requests are read; empty for uploaded files.
    address: Mapped[str] = tagged_column(String(500), default="", server_default="")
    #: Its ``jurisdiction_id``, if it serves several cities.
    jurisdiction: Mapped[str] = tagged_column(String(100), default="", server_default="")
    #: The days on which its requests were registered.
    first_day: Mapped[date | None] = tagged_column()
    last_day: Mapped[date | None] = tagged_column()
    #: The mapping file; empty until the files are read.
    mapping: Mapped[str] = tagged_column(Text, default="")
    #: What is in the files by their names: headers, number of lines, and the texts of columns that have few. It has no
    #: owner: it is deleted with the files.
    contents: Mapped[dict[str, StoredContents]] = tagged_column(JSON, default=dict)
    #: Number of lines by entity and outcome, of the last check or import.
    counts: Mapped[dict[str, dict[str, int]]] = tagged_column(JSON, default=dict)
    #: Pairs of a reason and a number of lines, or of a code that an undo has left.
    reasons: Mapped[list[tuple[str, int]]] = tagged_column(JSON, default=list)
    #: Why the step failed, in the language of the person.
    error: Mapped[str] = tagged_column(String(1000), default="")
    #: Key of the report of the last check or import in the site's storage.
    report: Mapped[str | None] = tagged_column(String(22), index=True, export=False)
    #: Digest of the mapping that the last check has read.
    checked: Mapped[str] = tagged_column(String(64), default="")
    batch_id: Mapped[int | None] = tagged_column(BigId, index=True)
    #: The file that is being read, and its lines so far.
    place: Mapped[str] = tagged_column(String(120), default="")
    done: Mapped[int] = tagged_column(Integer, default=0)
    total: Mapped[int] = tagged_column(Integer, default=0)
    attempts: Mapped[int] = tagged_column(Integer, default=0)
    created_at: Mapped[datetime] = tagged_column()
    finished_at: Mapped[datetime | None] = tagged_column()
    #: When it and its files are deleted.
    expires_at: Mapped[datetime] = tagged_column(index=True)

    @property
    def is_running(self) -> bool:
        """Return whether the worker has not ended the step."""
        return self.state in UNFINISHED

    @property
    def percent(self) -> int:
        """Return the progress, 0 to 100."""
        return min(100, 100 * self.done // self.total) if self.total else 0


class ImportFile(Base):
    """An uploaded file, or one that was read from a server."""

    __tablename__ = "import_files"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    task_id: Mapped[int] = tagged_column(BigId, ForeignKey("import_tasks.id", ondelete="CASCADE"), index=True)
    #: Key in the site's storage.
    key: Mapped[str] = tagged_column(String(22), unique=True, export=False)
    name: Mapped[str] = tagged_column(String(120))
    #: In bytes.
    size: Mapped[int] = tagged_column(BigId)


def counts_of(work: "Work", batch_id: int) -> dict[str, int]:
    """Return the number of lines by entity that a batch has imported, without those that were taken back."""
    query = select(ImportedRow.entity, func.count()).where(ImportedRow.batch_id == batch_id)
    return dict(work.session.execute(query.group_by(ImportedRow.entity)).all())
