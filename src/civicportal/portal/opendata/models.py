"""Tables of open data: builds, their files, and what was released."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column


class DataBuild(Base):
    """A build of all files."""

    __tablename__ = "open_data_builds"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    started_at: Mapped[datetime] = tagged_column()
    #: None while it runs, and if it was interrupted.
    finished_at: Mapped[datetime | None] = tagged_column()
    #: Why it failed; empty if it succeeded.
    error: Mapped[str] = tagged_column(String(300), default="")
    #: Totals over the files.
    rows: Mapped[int] = tagged_column(BigId, default=0)
    size: Mapped[int] = tagged_column(BigId, default=0)
    #: Files whose content differs from that of the build before.
    changed: Mapped[int] = tagged_column(Integer, default=0)


class DataFile(Base):
    """A file of the last successful build."""

    __tablename__ = "open_data_files"

    #: Name of the data set.
    dataset: Mapped[str] = tagged_column(String(61), primary_key=True)
    format: Mapped[str] = tagged_column(String(10), primary_key=True)
    #: Key in the site's storage.
    key: Mapped[str] = tagged_column(String(22), index=True)
    #: Bytes.
    size: Mapped[int] = tagged_column(BigId)
    sha256: Mapped[str] = tagged_column(String(64))
    rows: Mapped[int] = tagged_column(BigId)
    #: When its content last changed.
    changed_at: Mapped[datetime] = tagged_column()


class DataRelease(Base):
    """The end of the time that a data set was released for."""

    __tablename__ = "open_data_releases"

    dataset: Mapped[str] = tagged_column(String(61), primary_key=True)
    #: Not part of that time.
    until: Mapped[date] = tagged_column(Date)


class ReleasedGroup(Base):
    """Cases that are published together, with the same place, period and subject."""

    __tablename__ = "open_data_groups"
    __table_args__ = (Index(None, "dataset"), {"sqlite_autoincrement": True})

    id: Mapped[int] = id_column()
    dataset: Mapped[str] = tagged_column(String(61))
    released: Mapped[date] = tagged_column(Date)
    #: Number of cases at the release; the group is published only while all of them are public.
    size: Mapped[int] = tagged_column(Integer)
    #: None where it is not published.
    category_id: Mapped[int | None] = tagged_column(BigId)
    unit_id: Mapped[int | None] = tagged_column(BigId)
    source: Mapped[str] = tagged_column(String(10))
    #: Period of registration.
    first_day: Mapped[date | None] = tagged_column(Date)
    last_day: Mapped[date | None] = tagged_column(Date)
    #: One of :data:`civicportal.portal.opendata.grouping.PRECISIONS`.
    precision: Mapped[str] = tagged_column(String(10))
    district: Mapped[str] = tagged_column(String(100))
    grid_row: Mapped[int | None] = tagged_column(Integer)
    grid_column: Mapped[int | None] = tagged_column(Integer)


class ReleasedCase(Base):
    """A case that was released, as it was then."""

    __tablename__ = "open_data_cases"

    case_id: Mapped[int] = tagged_column(
        BigId,
        ForeignKey("cases.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    group_id: Mapped[int] = tagged_column(BigId, ForeignKey("open_data_groups.id"), index=True)
    status: Mapped[str] = tagged_column(String(40))
    stage: Mapped[str] = tagged_column(String(12))
    #: Position in :data:`civicportal.portal.opendata.grouping.DAYS`.
    days: Mapped[int] = tagged_column(Integer)


class ReleasedFigure(Base):
    """A figure of a month, as it was released; None is a hidden number."""

    __tablename__ = "open_data_figures"

    kind: Mapped[str] = tagged_column(String(40), primary_key=True)
    #: First day of the month.
    month: Mapped[date] = tagged_column(Date, primary_key=True)
    #: "total", "category" or "unit".
    dimension: Mapped[str] = tagged_column(String(10), primary_key=True)
    #: Id of the root category or of the unit; 0 for the total and for none.
    part_id: Mapped[int] = tagged_column(BigId, primary_key=True, autoincrement=False)
    released: Mapped[date] = tagged_column(Date)
    opened: Mapped[int | None] = tagged_column(Integer)
    closed: Mapped[int | None] = tagged_column(Integer)
    #: Median working hours from registration to closing.
    hours: Mapped[int | None] = tagged_column(Integer)
