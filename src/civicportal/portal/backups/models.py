"""Records of backups in the database."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, id_column, tagged


class BackupRun(Base):
    """One backup that was made, or one verification that failed.

    :ivar archive: its path or URL.
    :ivar made_at: time of the snapshot.
    :ivar verified_at: when it was restored into a scratch database and found equal; None before.
    :ivar error: why it could not be made or verified; empty if it succeeded.
    """

    __tablename__ = "backup_runs"

    id: Mapped[int] = id_column()
    archive: Mapped[str] = tagged(Text)
    made_at: Mapped[datetime] = tagged()
    verified_at: Mapped[datetime | None] = tagged()
    error: Mapped[str] = tagged(String(300), default="")
