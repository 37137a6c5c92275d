"""The 1:1 detail of a case of kind "reports": where it is."""

from sqlalchemy import Float, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped

from civicportal.api import BigId, Case, Point, new_metadata, tagged


class ReportsBase(DeclarativeBase):
    """Base of the plugin's models."""

    metadata = new_metadata()


class Report(ReportsBase):
    """The place of a report; without a point only the words in ``Case.place`` say where it is."""

    __tablename__ = "reports_report"
    __table_args__ = (Index(None, "lat", "lon"), Index(None, "district"))

    case_id: Mapped[int] = tagged(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: Degrees (WGS 84); both or neither.
    lat: Mapped[float | None] = tagged(Float, pii="content")
    lon: Mapped[float | None] = tagged(Float, pii="content")
    #: Names of the city's map; empty where the map knows none.
    district: Mapped[str] = tagged(String(100), nullable=False, default="")
    street: Mapped[str] = tagged(String(100), nullable=False, default="")

    @property
    def point(self) -> Point | None:
        """Return the place on the map, if it is known."""
        return None if self.lat is None or self.lon is None else Point(self.lat, self.lon)
