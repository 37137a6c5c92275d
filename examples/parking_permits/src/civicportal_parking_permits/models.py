"""Zones, and the detail of a case of this kind."""

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api.cases import Case
from civicportal.api.database import BigId, UTCDateTime, id_column, new_metadata, tagged_column


class PermitsBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()


class Zone(PermitsBase):
    """An area for which permits are issued.

    :ivar fee: for a month, in whole units of the site's currency.
    :ivar quota: largest number of permits in force.
    """

    __tablename__ = "parking_permits_zone"

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged_column(String(40), unique=True)
    name: Mapped[str] = tagged_column(String(80))
    fee: Mapped[int] = tagged_column(Integer)
    quota: Mapped[int] = tagged_column(Integer)
    active: Mapped[bool] = tagged_column(Boolean)


class Permit(PermitsBase):
    """The application of a citizen, and the permit issued for it.

    :ivar months: requested term.
    :ivar renews_id: the case of the permit that it renews.
    :ivar fee: requested, in whole units of the site's currency.
    :ivar receipt: number of the cashier's receipt; empty until it is paid.
    :ivar first_day: the first day of its term; ``last_day`` is included.
    :ivar reminded_at: when its holder was reminded of its end.
    """

    __tablename__ = "parking_permits_permit"
    __table_args__ = (Index(None, "zone_id"), Index(None, "plate"), Index(None, "last_day"))

    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    zone_id: Mapped[int] = tagged_column(BigId, ForeignKey(Zone.id))
    plate: Mapped[str] = tagged_column(String(16), pii="content", erase="row")
    months: Mapped[int] = tagged_column(Integer)
    renews_id: Mapped[int | None] = tagged_column(BigId, ForeignKey(Case.id, ondelete="SET NULL"))
    fee: Mapped[int | None] = tagged_column(Integer)
    receipt: Mapped[str] = tagged_column(String(40), pii="content", erase="row")
    paid_at: Mapped[datetime | None] = tagged_column(UTCDateTime)
    first_day: Mapped[date | None] = tagged_column(Date)
    last_day: Mapped[date | None] = tagged_column(Date)
    reminded_at: Mapped[datetime | None] = tagged_column(UTCDateTime)
