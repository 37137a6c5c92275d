"""Units, the two-level category tree, and days off."""

from datetime import date, time, timedelta

from sqlalchemy import JSON, Boolean, Date, Float, ForeignKey, Integer, String, Time, UniqueConstraint
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.core.reference import REFERENCE
from civicportal.util.values import Values


class Unit(Base):
    """A department of the municipality with a kartable."""

    __tablename__ = "units"
    __table_args__ = {"sqlite_autoincrement": True, "info": REFERENCE}

    id: Mapped[int] = id_column()
    key: Mapped[str] = tagged_column(String(40), unique=True)
    name: Mapped[str] = tagged_column(String(200), translated="required")
    #: Fits a parameter of a text message: at most 25 UTF-16 units.
    short_name: Mapped[str] = tagged_column(String(25), translated="optional")
    parent_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id"))
    phone: Mapped[str] = tagged_column(String(40), default="")
    weight: Mapped[int] = tagged_column(Integer, default=0)
    active: Mapped[bool] = tagged_column(Boolean, default=True)
    #: Texts of other languages: language, column, text.
    translations: Mapped[dict[str, Values]] = tagged_column(JSON, default=dict, server_default="{}")


class Category(Base):
    """The subject of a case.

    A root has an icon, a subcategory a responsible unit and a deadline.
    """

    __tablename__ = "categories"
    __table_args__ = (UniqueConstraint("kind", "key"), {"sqlite_autoincrement": True, "info": REFERENCE})

    id: Mapped[int] = id_column()
    kind: Mapped[str] = tagged_column(String(40))
    key: Mapped[str] = tagged_column(String(40))
    name: Mapped[str] = tagged_column(String(200), translated="required")
    short_name: Mapped[str] = tagged_column(String(25), translated="optional")
    parent_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("categories.id"))
    unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id"))
    #: Office days within which a case should be closed.
    deadline_days: Mapped[float | None] = tagged_column(Float)
    icon: Mapped[str] = tagged_column(String(40), default="dots")
    tint: Mapped[str] = tagged_column(String(2), default="")
    hint: Mapped[str] = tagged_column(String(200), default="", translated="required")
    synonyms: Mapped[list[str]] = tagged_column(JSON, default=list, translated="optional")
    #: The checkbox for publication is ticked by default.
    public: Mapped[bool] = tagged_column(Boolean, default=False)
    weight: Mapped[int] = tagged_column(Integer, default=0)
    active: Mapped[bool] = tagged_column(Boolean, default=True)
    #: Texts of other languages: language, column, text.
    translations: Mapped[dict[str, Values]] = tagged_column(JSON, default=dict, server_default="{}")


class Holiday(Base):
    """A day off besides the weekend."""

    __tablename__ = "holidays"
    __table_args__ = {"info": REFERENCE}

    day: Mapped[date] = tagged_column(Date, primary_key=True)
    name: Mapped[str] = tagged_column(String(200), translated="optional")
    #: Texts of other languages: language, column, text.
    translations: Mapped[dict[str, Values]] = tagged_column(JSON, default=dict, server_default="{}")


class Closure(Base):
    """A period of whole days off."""

    __tablename__ = "closures"
    __table_args__ = {"info": REFERENCE}

    id: Mapped[int] = id_column()
    first_day: Mapped[date] = tagged_column(Date)
    last_day: Mapped[date] = tagged_column(Date)
    reason: Mapped[str] = tagged_column(String(200))

    @property
    def days(self) -> list[date]:
        """Return its days."""
        return [self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1)]


class OfficeHours(Base):
    """The office hours of an ordinary week: one row, seeded from ``[calendar]`` of the site."""

    __tablename__ = "office_hours"
    __table_args__ = {"info": REFERENCE}

    id: Mapped[int] = tagged_column(Integer, primary_key=True, autoincrement=False)
    #: Weekdays in Python's numbering, Monday 0.
    weekend: Mapped[list[int]] = tagged_column(JSON)
    half_days: Mapped[list[int]] = tagged_column(JSON)
    opens: Mapped[time] = tagged_column(Time)
    closes: Mapped[time] = tagged_column(Time)
    #: None: half days end in the middle of the office hours.
    half_day_ends: Mapped[time | None] = tagged_column(Time)

    @property
    def rules(self) -> Values:
        """Return the parameters for :class:`~civicportal.util.calendar.CityCalendar`."""
        return {
            "weekend": frozenset(self.weekend),
            "half_days": frozenset(self.half_days),
            "hours": (self.opens, self.closes),
            "half_day_end": self.half_day_ends,
        }


class Seed(Base):
    """An applied seed of the site's files.

    It is applied once; later changes and deletions persist.
    """

    __tablename__ = "seeds"

    key: Mapped[str] = tagged_column(String(200), primary_key=True)
    digest: Mapped[str] = tagged_column(String(64))
