"""The counters of places: what a map of the whole city, and figures by district, are read from."""

from typing import Any

from sqlalchemy import func, literal_column, select

from civicportal.api import Case, Cell, Rows, Tally, Work, column_of, row_of
from civicportal_reports.models import PlaceCount, Report

LEVEL = 16
"""Of the counted cells: half a kilometre wide, so that a large city has some hundred of them."""


def place(case: Case, work: Work) -> tuple[Any, ...] | None:
    """Return where a report counts; one without a point counts nowhere."""
    report = work.session.get(Report, case.id)
    if report is None or report.point is None:
        return None
    return (
        *Cell.of(report.point, LEVEL),
        report.district,
        case.stage,
        case.status,
        case.category_id or 0,
        case.unit_id or 0,
        case.public,
    )


def live() -> Rows:
    """Return the query that counts the reports themselves."""
    columns = (
        row_of(Report.lat, LEVEL),
        column_of(Report.lon, LEVEL),
        Report.district,
        Case.stage,
        Case.status,
        func.coalesce(Case.category_id, literal_column("0")),
        func.coalesce(Case.unit_id, literal_column("0")),
        Case.public,
    )
    query = select(*columns, func.count()).select_from(Report).join(Case, Case.id == Report.case_id)
    return query.where(Report.lat.is_not(None)).group_by(*columns)


PLACES = Tally(model=PlaceCount, place=place, live=live)
