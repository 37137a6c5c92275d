"""Records of backups in the database."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, id_column, tagged_column


class BackupRun(Base):
    """One backup that was made, or one verification that failed.

    :ivar archive: its path or URL.
    :ivar made_at: time of the snapshot.
    :ivar verified_at: when it was restored into a scratch database and found equal; None before.
    :ivar error: why it could not be made or verified; empty if it succeeded.
    """

    __tablename__ = "backup_runs"

    id: Mapped[int] = id_column()
    archive: Mapped[str] = tagged_column(Text)
    made_at: Mapped[datetime] = tagged_column()
    verified_at: Mapped[datetime | None] = tagged_column()
    error: Mapped[str] = tagged_column(String(300), default="")
