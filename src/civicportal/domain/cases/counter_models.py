"""Counters of cases: by day, by month, and in total."""

from datetime import date

from sqlalchemy import Date, Integer, String
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, tagged_column


class CounterColumns:
    """Number and measures of cases of one combination.

    ``0`` means no category or no unit.
    """

    kind: Mapped[str] = tagged_column(String(40), primary_key=True, sort_order=-2)
    stage: Mapped[str] = tagged_column(String(12), primary_key=True)
    status: Mapped[str] = tagged_column(String(40), primary_key=True)
    category_id: Mapped[int] = tagged_column(BigId, primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = tagged_column(BigId, primary_key=True, autoincrement=False)
    n: Mapped[int] = tagged_column(Integer)
    #: Closed with a deadline: in time, or late.
    on_time: Mapped[int] = tagged_column(Integer, server_default="0")
    late: Mapped[int] = tagged_column(Integer, server_default="0")
    #: Cases that were reopened at least once.
    reopened: Mapped[int] = tagged_column(Integer, server_default="0")
    #: Cases whose last closing was rated, and those of them with a satisfied majority.
    rated: Mapped[int] = tagged_column(Integer, server_default="0")
    satisfied: Mapped[int] = tagged_column(Integer, server_default="0")
    #: Number of referrals and returns.
    hops: Mapped[int] = tagged_column(Integer, server_default="0")


class DatedCounter(CounterColumns):
    """A counter of the cases registered in a day or month."""

    #: The first day, on the city's clock.
    day: Mapped[date] = tagged_column(Date, primary_key=True, sort_order=-1)


class CaseCount(DatedCounter, Base):
    """Daily counters."""

    __tablename__ = "case_counts"


class CaseMonthCount(DatedCounter, Base):
    """Monthly counters by the city's calendar, for long periods."""

    __tablename__ = "case_month_counts"


class CaseTotal(CounterColumns, Base):
    """Total counters, for the lengths of lists."""

    __tablename__ = "case_totals"
