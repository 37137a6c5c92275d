"""The table of hits."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, tagged_column


class LimitHit(Base):
    """Hits on one key in one window of time."""

    __tablename__ = "limit_hits"

    key: Mapped[str] = tagged_column(String(120), primary_key=True)
    window_start: Mapped[datetime] = tagged_column(primary_key=True)
    ends_at: Mapped[datetime] = tagged_column(index=True)
    n: Mapped[int] = tagged_column(Integer)
