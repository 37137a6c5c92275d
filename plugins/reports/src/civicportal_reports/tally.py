"""The counters of places: what maps of a city and of its districts are read from."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, literal_column, select, union_all

from civicportal.api import Case, Cell, Rows, Tally, Work, column_of, row_of
from civicportal_reports.models import PlaceCount, Report

LEVELS = (16, 18)
"""Of the counted cells: half a kilometre wide for the whole city, an eighth of it for a district.

Measured with 900,000 reports in a city ten kilometres wide: 126,000 and 303,000 counters. Of the first the whole city is
read within some 30 milliseconds, of the second the part that a map shows of it; a street is read from its reports.
"""


def places(case: Case, work: Work) -> Iterator[tuple[Any, ...]]:
    """Yield where a report counts; one without a point counts nowhere."""
    report = work.session.get(Report, case.id)
    point = report.point if report else None
    if report is None or point is None:
        return
    # A step takes its case out of the counters and adds it again: what is held here is not read a second time.
    work.session.info[Report, case.id] = report
    state = (case.stage, case.status, case.category_id or 0, case.unit_id or 0, case.public)
    for level in LEVELS:
        yield (level, *Cell.of(point, level), report.district, *state)


def live() -> Any:
    """Return the query that counts the reports themselves."""
    return union_all(*(_of_level(level) for level in LEVELS))


def _of_level(level: int) -> Rows:
    columns = (
        row_of(Report.lat, level),
        column_of(Report.lon, level),
        Report.district,
        Case.stage,
        Case.status,
        func.coalesce(Case.category_id, literal_column("0")),
        func.coalesce(Case.unit_id, literal_column("0")),
        Case.public,
    )
    query: Rows = select(literal_column(str(level)).label("level"), *columns, func.count())
    query = query.select_from(Report).join(Case, Case.id == Report.case_id)
    return query.where(Report.lat.is_not(None)).group_by(*columns)


PLACES = Tally(model=PlaceCount, places=places, live=live)
