"""Recomputing the places of all reports after the city's map has changed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from civicportal.api.cases import Case, CaseService
from civicportal.api.database import Work
from civicportal.api.geo import Point
from civicportal.api.plugins import Site
from civicportal_reports.models import Report
from civicportal_reports.places import OutsideCity, locate_point

Place = tuple[str, str]
"""Street and district."""
CHUNK = 1000
"""Reports examined in one transaction; only those that change are locked."""


def relocate(site: Site) -> int:
    """Recompute street and district of every report; those outside the city keep theirs.

    It runs concurrently with other writers, and updates the counters with each report. Finished batches remain if it is
    interrupted.

    :returns: how many were changed.
    """
    changed = last = 0
    while True:
        with site.work() as work:
            rows = work.session.execute(_following(last)).all()
            changed += _move(work, _moved(site, rows))
        if len(rows) < CHUNK:
            return changed
        last = rows[-1].case_id


def _following(last: int) -> Any:
    columns = (Report.case_id, Report.lat, Report.lon, Report.street, Report.district)
    after = (Report.case_id > last, Report.lat.is_not(None))
    return select(*columns).where(*after).order_by(Report.case_id).limit(CHUNK)


def _moved(site: Site, rows: Sequence[Any]) -> dict[int, Place]:
    """Return the new street and district by case of those that change."""
    found: dict[int, Place] = {}
    for row in rows:
        place = _place(site, Point(row.lat, row.lon))
        if place and place != (row.street, row.district):
            found[row.case_id] = place
    return found


def _move(work: Work, places: dict[int, Place]) -> int:
    """Update reports, each with its case locked, so that a concurrent transition is counted once."""
    held = select(Case).where(Case.id.in_(places)).order_by(Case.id).with_for_update()
    cases = work.session.scalars(held).all() if places else ()
    for case in cases:
        report = work.session.get_one(Report, case.id, populate_existing=True)
        with work.get(CaseService).recounting(case):
            report.street, report.district = places[case.id]
            work.session.flush()
    return len(cases)


def _place(site: Site, point: Point) -> Place | None:
    try:
        found = locate_point(site.map, point)
    except OutsideCity:
        return None
    return found.street[:100], found.district[:100]
