"""Large exports: ordered, written by the worker, then available for days."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column

RUNNING = ("waiting", "running")


class ExportJob(Base):
    """An ordered export."""

    __tablename__ = "export_jobs"
    __table_args__ = (Index(None, "state", "created_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    #: Key in its URL.
    key: Mapped[str] = tagged_column(String(22), unique=True)
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True, erase="row"
    )
    #: Name of the export.
    name: Mapped[str] = tagged_column(String(60))
    format: Mapped[str] = tagged_column(String(10))
    columns: Mapped[list[str]] = tagged_column(JSON)
    #: The values of the filters by name, as in a URL.
    address: Mapped[dict[str, str]] = tagged_column(JSON, pii="content", erase="row")
    #: The filters for display: pairs of label and value.
    filters: Mapped[list[list[str]]] = tagged_column(JSON, pii="content", erase="row")
    locale: Mapped[str] = tagged_column(String(10))
    #: "waiting", "running", "done", "failed" or "cancelled".
    state: Mapped[str] = tagged_column(String(10), default="waiting")
    #: Number of rows; None until they are counted.
    total: Mapped[int | None] = tagged_column(Integer)
    done: Mapped[int] = tagged_column(Integer, default=0)
    attempts: Mapped[int] = tagged_column(Integer, default=0)
    created_at: Mapped[datetime] = tagged_column()
    started_at: Mapped[datetime | None] = tagged_column()
    finished_at: Mapped[datetime | None] = tagged_column()
    #: When the file is deleted.
    expires_at: Mapped[datetime | None] = tagged_column()
    #: Key of the finished file in the site's storage.
    file: Mapped[str | None] = tagged_column(String(22), index=True, export=False)
    #: Memberships with which it was written, see :mod:`civicportal.domain.exports.scope`.
    # The column is named ``reach``.
    scope: Mapped[list[dict[str, Any]] | None] = tagged_column("reach", JSON, export=False)
    #: Size of the file in bytes.
    size: Mapped[int | None] = tagged_column(BigId)
    locked_until: Mapped[datetime | None] = tagged_column()
    lease_id: Mapped[str | None] = tagged_column(String(32), export=False)

    @property
    def is_running(self) -> bool:
        """Return whether the export is not finished yet."""
        return self.state in RUNNING

    @property
    def percent(self) -> int:
        """Return the progress, 0 to 100."""
        return min(100, 100 * self.done // self.total) if self.total else 0
