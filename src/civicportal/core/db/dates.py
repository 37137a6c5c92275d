"""Local date, weekday and hour in SQL.

The offsets of the time zone come from Python's, so that both databases and the portal agree on every date.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Integer, SQLColumnExpression, case, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from civicportal.core.db import UTCDateTime

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
"""Clock changes before and after are not needed: there are no cases from then."""
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class _CityDay(FunctionElement[date]):
    name, type, inherit_cache = "city_day", Date(), True


class _CityWeekday(FunctionElement[int]):
    name, type, inherit_cache = "city_weekday", Integer(), True


class _CityHour(FunctionElement[int]):
    name, type, inherit_cache = "city_hour", Integer(), True


class _Quarter(FunctionElement[datetime]):
    name, type, inherit_cache = "quarter_of_an_hour", UTCDateTime(), True


def city_day(
    moment: SQLColumnExpression[datetime], zone: ZoneInfo, since: datetime | None = None
) -> ColumnElement[date]:
    """Return the city's date of a time.

    :param moment: a column of :class:`~civicportal.core.db.UTCDateTime`.
    :param since: the earliest time needed, which avoids old clock changes.
    """
    return _CityDay(moment, _offset(moment, zone, since))


def city_weekday(
    moment: SQLColumnExpression[datetime], zone: ZoneInfo, since: datetime | None = None
) -> ColumnElement[int]:
    """Return the weekday in the city, Monday being 0."""
    return _CityWeekday(moment, _offset(moment, zone, since))


def city_hour(
    moment: SQLColumnExpression[datetime], zone: ZoneInfo, since: datetime | None = None
) -> ColumnElement[int]:
    """Return the local hour in the city, 0 to 23."""
    return _CityHour(moment, _offset(moment, zone, since))


def quarter_of_an_hour(moment: SQLColumnExpression[datetime]) -> ColumnElement[datetime]:
    """Return the start of the quarter of an hour in UTC.

    In every current time zone it lies within one hour and one day. It reduces a million times to some ten thousand, for
    which the expensive expressions are then computed.
    """
    return _Quarter(moment)


def _offset(
    moment: SQLColumnExpression[datetime], zone: ZoneInfo, since: datetime | None = None
) -> ColumnElement[int]:
    since = since or _FIRST
    changes = [(at, seconds) for at, seconds in clock_changes(zone) if at > since]
    first = _seconds(zone, since)
    if not changes:
        return literal(first)
    return case(*((moment >= at, seconds) for at, seconds in reversed(changes)), else_=first)


@lru_cache(maxsize=8)
def clock_changes(zone: ZoneInfo) -> tuple[tuple[datetime, int], ...]:
    """Return the clock changes of a zone, oldest first, each with the offset from UTC in seconds from then on."""
    return tuple(_changes(zone))


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, int]]:
    day, before = _FIRST, _seconds(zone, _FIRST)
    while day < _LAST:
        after = _seconds(zone, day + _DAY)
        if after != before:
            yield _moment_of_change(zone, day, before), after
        day, before = day + _DAY, after


def _moment_of_change(zone: ZoneInfo, day: datetime, before: int) -> datetime:
    low, high = 0, 24 * 60
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _seconds(zone, day + middle * _MINUTE) == before else (low, middle)
    return day + high * _MINUTE


def _seconds(zone: ZoneInfo, moment: datetime) -> int:
    return int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds())


def _parts(
    element: FunctionElement[date] | FunctionElement[int], compiler: SQLCompiler, **options: object
) -> tuple[str, str]:
    moment, offset = (compiler.process(clause, **options) for clause in element.clauses)
    return moment, offset


@compiles(_CityDay, "postgresql")
def _day_postgresql(element: _CityDay, compiler: SQLCompiler, **options: object) -> str:
    return f"CAST({_postgresql_clock(element, compiler, **options)} AS DATE)"


@compiles(_CityWeekday, "postgresql")
def _weekday_postgresql(element: _CityWeekday, compiler: SQLCompiler, **options: object) -> str:
    return f"(CAST(EXTRACT(ISODOW FROM {_postgresql_clock(element, compiler, **options)}) AS INTEGER) - 1)"


@compiles(_CityHour, "postgresql")
def _hour_postgresql(element: _CityHour, compiler: SQLCompiler, **options: object) -> str:
    return f"CAST(EXTRACT(HOUR FROM {_postgresql_clock(element, compiler, **options)}) AS INTEGER)"


def _postgresql_clock(
    element: FunctionElement[date] | FunctionElement[int], compiler: SQLCompiler, **options: object
) -> str:
    moment, offset = _parts(element, compiler, **options)
    return f"(timezone('UTC', {moment}) + ({offset}) * interval '1 second')"


@compiles(_CityDay, "sqlite")
def _day_sqlite(element: _CityDay, compiler: SQLCompiler, **options: object) -> str:
    return f"date({_sqlite_clock(element, compiler, **options)})"


@compiles(_CityWeekday, "sqlite")
def _weekday_sqlite(element: _CityWeekday, compiler: SQLCompiler, **options: object) -> str:
    return f"((CAST(strftime('%w', {_sqlite_clock(element, compiler, **options)}) AS INTEGER) + 6) % 7)"


@compiles(_CityHour, "sqlite")
def _hour_sqlite(element: _CityHour, compiler: SQLCompiler, **options: object) -> str:
    return f"CAST(strftime('%H', {_sqlite_clock(element, compiler, **options)}) AS INTEGER)"


def _sqlite_clock(
    element: FunctionElement[date] | FunctionElement[int], compiler: SQLCompiler, **options: object
) -> str:
    moment, offset = _parts(element, compiler, **options)
    return f"{moment}, ({offset}) || ' seconds'"


@compiles(_Quarter, "postgresql")
def _quarter_postgresql(element: _Quarter, compiler: SQLCompiler, **options: object) -> str:
    (moment,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"date_bin('15 minutes', {moment}, TIMESTAMPTZ '2000-01-01 00:00:00+00')"


@compiles(_Quarter, "sqlite")
def _quarter_sqlite(element: _Quarter, compiler: SQLCompiler, **options: object) -> str:
    # Times are text, "2026-11-27 10:20:30.000000", and compared as such.
    (moment,) = (compiler.process(clause, **options) for clause in element.clauses)
    minute = f"CAST(substr({moment}, 15, 2) AS INTEGER)"
    return f"(substr({moment}, 1, 14) || printf('%02d', {minute} / 15 * 15) || ':00.000000')"
