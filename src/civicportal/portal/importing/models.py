"""Imported batches and lines."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column


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
