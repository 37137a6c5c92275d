"""Zones, and the 1:1 detail of a case of this kind."""

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api.cases import Case
from civicportal.api.database import BigId, UTCDateTime, id_column, new_metadata, tagged


class PermitsBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()


class Zone(PermitsBase):
    """An area in which permits let people park.

    :ivar fee: for a month, in whole units of the site's currency.
    :ivar quota: so many permits may be in force at once.
    """

    __tablename__ = "parking_permits_zone"

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged(String(40), unique=True)
    name: Mapped[str] = tagged(String(80))
    fee: Mapped[int] = tagged(Integer)
    quota: Mapped[int] = tagged(Integer)
    active: Mapped[bool] = tagged(Boolean)


class Permit(PermitsBase):
    """What a citizen asks for, and what the office has made of it.

    :ivar months: how long it shall hold.
    :ivar renews_id: the case of the permit that it goes on from.
    :ivar fee: that was asked for, in whole units of the site's currency.
    :ivar receipt: number of the cashier's receipt; empty until it is paid.
    :ivar first_day: with ``last_day`` the days on which it holds, both included.
    :ivar reminded_at: when its holder was told that it ends soon.
    """

    __tablename__ = "parking_permits_permit"
    __table_args__ = (Index(None, "zone_id"), Index(None, "plate"), Index(None, "last_day"))

    case_id: Mapped[int] = tagged(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    zone_id: Mapped[int] = tagged(BigId, ForeignKey(Zone.id))
    plate: Mapped[str] = tagged(String(16), pii="content", erase="row")
    months: Mapped[int] = tagged(Integer)
    renews_id: Mapped[int | None] = tagged(BigId, ForeignKey(Case.id, ondelete="SET NULL"))
    fee: Mapped[int | None] = tagged(Integer)
    receipt: Mapped[str] = tagged(String(40), pii="content", erase="row")
    paid_at: Mapped[datetime | None] = tagged(UTCDateTime)
    first_day: Mapped[date | None] = tagged(Date)
    last_day: Mapped[date | None] = tagged(Date)
    reminded_at: Mapped[datetime | None] = tagged(UTCDateTime)
