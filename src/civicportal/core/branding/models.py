"""Branding set in the browser, which overrides the site's file."""

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, tagged_column
from civicportal.core.reference import REFERENCE


class Setting(Base):
    """A setting stored in the browser, for instance ``contact.phone``.

    Without a row, the value of the site file applies.
    """

    __tablename__ = "settings"
    __table_args__ = {"info": REFERENCE}

    key: Mapped[str] = tagged_column(String(60), primary_key=True)
    value: Mapped[str] = tagged_column(JSON)
    updated_at: Mapped[datetime] = tagged_column()
    updated_by_id: Mapped[int | None] = tagged_column(BigId)
