"""The result of the last health check."""

from datetime import datetime

from sqlalchemy import JSON, Integer
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, tagged_column


class HealthCheck(Base):
    """The findings of the last health check: one row, written by the worker and on request."""

    __tablename__ = "health_checks"

    id: Mapped[int] = tagged_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = tagged_column()
    #: Each with ``owner``, ``level``, ``place``, and by language ``text`` and ``remedy``.
    findings: Mapped[list[dict[str, object]]] = tagged_column(JSON)
