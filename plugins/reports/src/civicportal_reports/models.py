"""The detail of a report, what citizens follow, and the counters of places."""

from datetime import datetime

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api.cases import Case
from civicportal.api.database import BigId, id_column, new_metadata, tagged_column
from civicportal.api.geo import Point
from civicportal.api.people import User


class ReportsBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()


class Report(ReportsBase):
    """The place of a report; without a point only the text in ``Case.place``."""

    __tablename__ = "reports_report"
    # With the id, so that recent reports of a square are found without reading the others.
    __table_args__ = (Index(None, "lat", "lon", "case_id"), Index(None, "district"))

    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: Degrees (WGS 84); both or neither. They are kept after erasure: see the page on personal data.
    lat: Mapped[float | None] = tagged_column(Float, pii="content")
    lon: Mapped[float | None] = tagged_column(Float, pii="content")
    #: Names in the city's map; empty if unknown.
    district: Mapped[str] = tagged_column(String(100), nullable=False, default="")
    street: Mapped[str] = tagged_column(String(100), nullable=False, default="")

    @property
    def point(self) -> Point | None:
        """Return the point on the map, if any."""
        return None if self.lat is None or self.lon is None else Point(self.lat, self.lon)


class Subscription(ReportsBase):
    """A part of the city or a category that a citizen follows; every value that is set narrows it."""

    __tablename__ = "reports_subscription"

    id: Mapped[int] = id_column()
    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(User.id, ondelete="CASCADE"), index=True, erase="row"
    )
    #: Key of a category, including those below it; empty for all.
    category: Mapped[str] = tagged_column(String(60), default="", pii="content", erase="row")
    district: Mapped[str] = tagged_column(String(100), default="", pii="content", erase="row")
    #: Degrees (WGS 84) of a point, and the distance from it.
    lat: Mapped[float | None] = tagged_column(Float, pii="content", erase="row")
    lon: Mapped[float | None] = tagged_column(Float, pii="content", erase="row")
    metres: Mapped[int] = tagged_column(Integer, default=0, pii="content", erase="row")
    created_at: Mapped[datetime] = tagged_column()
    #: The last entry of the histories that was considered.
    seen_id: Mapped[int] = tagged_column(BigId)

    @property
    def point(self) -> Point | None:
        """Return the point, if any."""
        return None if self.lat is None or self.lon is None else Point(self.lat, self.lon)


class PlaceCount(ReportsBase):
    """Number of reports of a map cell by state.

    ``0`` means no category or no unit. Every report counts twice on each level of
    :data:`civicportal_reports.place_counts.LEVELS`: with its category and unit, and without; a cell that overlaps two
    districts has rows of both.
    """

    __tablename__ = "reports_place_count"
    # The primary key is ordered by place; officers query by unit.
    __table_args__ = (Index(None, "unit_id", "level"), {"sqlite_with_rowid": False})

    level: Mapped[int] = tagged_column(Integer, primary_key=True, autoincrement=False)
    grid_row: Mapped[int] = tagged_column(Integer, primary_key=True, autoincrement=False)
    grid_column: Mapped[int] = tagged_column(Integer, primary_key=True, autoincrement=False)
    district: Mapped[str] = tagged_column(String(100), primary_key=True)
    stage: Mapped[str] = tagged_column(String(12), primary_key=True)
    status: Mapped[str] = tagged_column(String(40), primary_key=True)
    category_id: Mapped[int] = tagged_column(BigId, primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = tagged_column(BigId, primary_key=True, autoincrement=False)
    public: Mapped[bool] = tagged_column(Boolean, primary_key=True)
    n: Mapped[int] = tagged_column(Integer)
