"""The counters of places."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, func, literal_column, select, union_all

from civicportal.api.cases import Case, CaseService, CounterTable
from civicportal.api.database import Work
from civicportal.api.lists import Rows, Selected
from civicportal_reports.grid import Cell
from civicportal_reports.grid_columns import cell_columns
from civicportal_reports.models import PlaceCount, Report

LEVELS = (16, 18)
"""Levels of the counted cells: half a kilometre wide for the whole city, an eighth of that for a district.

Measured with 900,000 reports in a city ten kilometres wide: 126,000 and 303,000 counters. The whole city is
read from the first in some 30 milliseconds, the visible part from the second; a street is read from its reports.
"""


def summed(level: int) -> int:
    """Return the level of the same cells without category and unit.

    Maps use these unless filtered by one; where few streets have many reports they are a tenth.
    """
    return -level


def places(case: Case, work: Work) -> Iterator[tuple[object, ...]]:
    """Yield the counters of a report; none without a point."""
    report: Report | None = work.get(CaseService).detail(case)
    point = report.point if report else None
    if report is None or point is None:
        return
    # A transition subtracts its case and adds it again: the value is cached between the two.
    work.session.info[Report, case.id] = report
    state = (case.stage, case.status, case.category_id or 0, case.unit_id or 0, case.public)
    for level in LEVELS:
        place = (*Cell.of(point, level), report.district)
        yield (level, *place, *state)
        yield (summed(level), *place, case.stage, case.status, 0, 0, case.public)


def live() -> CompoundSelect[*tuple[Any, ...]]:
    """Return the query that counts the reports themselves."""
    return union_all(*(query(level) for level in LEVELS for query in (_of_level, _summed)))


def _summed(level: int) -> Rows:
    places = _of_level(level).subquery()
    kept = (places.c.grid_row, places.c.grid_column, places.c.district, places.c.stage, places.c.status)
    zero: ColumnElement[int] = literal_column("0")
    query: Rows = select(
        literal_column(str(summed(level))), *kept, zero, zero, places.c.public, func.sum(places.c.n)
    )
    return query.group_by(*kept, places.c.public)


def _of_level(level: int) -> Rows:
    row, column = cell_columns(Report.lat, Report.lon, level)
    columns = {
        "grid_row": row,
        "grid_column": column,
        "district": Report.district,
        "stage": Case.stage,
        "status": Case.status,
        "category_id": func.coalesce(Case.category_id, literal_column("0")),
        "unit_id": func.coalesce(Case.unit_id, literal_column("0")),
        "public": Case.public,
    }
    named: list[Selected] = [column.label(name) for name, column in columns.items()]
    query: Rows = select(literal_column(str(level)).label("level"), *named, func.count().label("n"))
    query = query.select_from(Report).join(Case, Case.id == Report.case_id)
    return query.where(Report.lat.is_not(None)).group_by(*columns.values())


PLACES = CounterTable(model=PlaceCount, places=places, live=live)
