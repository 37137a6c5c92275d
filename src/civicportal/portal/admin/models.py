"""The last look at the portal's health."""

from datetime import datetime

from sqlalchemy import JSON, Integer
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, tagged


class HealthCheck(Base):
    """What the last check found: one row, written by the worker and by whoever asks for a check."""

    __tablename__ = "health_checks"

    id: Mapped[int] = tagged(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = tagged()
    #: Each with ``owner``, ``level``, ``place``, and by language ``text`` and ``remedy``.
    findings: Mapped[list[dict[str, object]]] = tagged(JSON)
