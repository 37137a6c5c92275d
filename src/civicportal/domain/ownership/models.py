"""The marks in the database."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, tagged_column

ID, SECRET, STORE, PII_KEY = "id", "secret", "store", "pii_key:"
COPYING, MOVED = "copying", "moved"


class PortalMark(Base):
    """One mark of the portal.

    :ivar name: :data:`ID`, :data:`SECRET`, :data:`STORE`, or :data:`PII_KEY` with the id of a key; :data:`COPYING`
        while the portal is copied into this database, :data:`MOVED` after it was copied from it into another one.
    :ivar value: the portal's random id; for a secret or key a check value, from which it cannot be computed; for the
        store its location, for messages; for the last two what ``civicportal db copy`` writes, as JSON.
    :ivar retired_at: since when nothing needs this key of the encryption at rest any more.
    """

    __tablename__ = "portal_marks"

    name: Mapped[str] = tagged_column(String(60), primary_key=True)
    value: Mapped[str] = tagged_column(Text)
    at: Mapped[datetime] = tagged_column()
    retired_at: Mapped[datetime | None] = tagged_column()
