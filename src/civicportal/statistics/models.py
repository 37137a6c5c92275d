"""Counters of cases, one row for each combination that occurs: by day, by month, and of all the time."""

from datetime import date

from sqlalchemy import Date, Integer, String
from sqlalchemy.orm import Mapped

from civicportal.db import Base, BigId, tagged


class Counter:
    """How many cases stand where, and what is counted of them. ``0`` means no category or no unit."""

    kind: Mapped[str] = tagged(String(40), primary_key=True, sort_order=-2)
    stage: Mapped[str] = tagged(String(12), primary_key=True)
    status: Mapped[str] = tagged(String(40), primary_key=True)
    category_id: Mapped[int] = tagged(BigId, primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = tagged(BigId, primary_key=True, autoincrement=False)
    n: Mapped[int] = tagged(Integer)
    #: Of the closed ones with a deadline: closed within it, or after it.
    on_time: Mapped[int] = tagged(Integer, server_default="0")
    late: Mapped[int] = tagged(Integer, server_default="0")
    #: Cases that were opened again at least once.
    reopened: Mapped[int] = tagged(Integer, server_default="0")
    #: Cases whose last closing was rated, and those of them with which most who rated are satisfied.
    rated: Mapped[int] = tagged(Integer, server_default="0")
    satisfied: Mapped[int] = tagged(Integer, server_default="0")
    #: How often the cases were passed on from one kartable to another.
    hops: Mapped[int] = tagged(Integer, server_default="0")


class DatedCounter(Counter):
    """The same of the cases that were registered on some days."""

    #: The first of the days, on the city's clock.
    day: Mapped[date] = tagged(Date, primary_key=True, sort_order=-1)


class CaseCount(DatedCounter, Base):
    """The counters of single days."""

    __tablename__ = "case_counts"


class CaseMonthCount(DatedCounter, Base):
    """Those of whole months of the city's calendar, from which long spans are read."""

    __tablename__ = "case_month_counts"


class CaseTotal(Counter, Base):
    """Those of all the time, from which the lengths of lists are read."""

    __tablename__ = "case_totals"
