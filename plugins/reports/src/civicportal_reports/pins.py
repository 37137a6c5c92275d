"""Points of maps, as the script of the map reads them."""

from collections.abc import Iterable
from typing import Any

from civicportal.api import Bounds, Case, CaseService, OrganizationService, Point, Work, public_status
from civicportal_reports.models import Report

TONES = {"registered": "new", "in_progress": "doing", "done": "done", "rejected": "closed"}
DIGITS = 4
"""Decimals of a point that is not published: about ten metres."""


def read_box(text: str) -> Bounds | None:
    """Read ``west,south,east,north`` of an address; None for anything else."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        Point(south, west), Point(north, east)
    except ValueError:
        return None
    return Bounds(south, west, north, east)


class Pins:
    """Makes points of reports, with words in the request's language."""

    def __init__(self, request: Any, work: Work) -> None:
        self.request = request
        self.cases = work.get(CaseService)
        self.categories = work.get(OrganizationService).categories

    def for_staff(self, rows: Iterable[tuple[Case, Report]]) -> list[dict[str, Any]]:
        """Return points that lead to the case's page."""
        return [
            self._pin(case, report.point, self.cases.kind(case).workflow.state(case.status).title)
            | {"url": f"/kartable/cases/{case.code}"}
            for case, report in rows
            if report.point
        ]

    def for_everybody(self, rows: Iterable[tuple[Case, Report]]) -> list[dict[str, Any]]:
        """Return points of which the published lead to their page; the others say category and status only."""
        return [self._public_pin(case, report.point) for case, report in rows if report.point]

    def _public_pin(self, case: Case, point: Point) -> dict[str, Any]:
        status = public_status(self.cases.kind(case), case.status)
        if case.public:
            return self._pin(case, point, status) | {
                "url": self.request.route_path("reports.page", id=case.id)
            }
        return self._pin(case, Point(round(point.lat, DIGITS), round(point.lon, DIGITS)), status)

    def _pin(self, case: Case, point: Point, status: Any) -> dict[str, Any]:
        category = self.categories.by_id.get(case.category_id or 0)
        name = category.name if category else ""
        return {
            "lat": point.lat,
            "lon": point.lon,
            "tone": TONES[case.stage],
            "icon": category.icon if category else "map-pin",
            "title": ": ".join(part for part in (name, self.request.translate(status)) if part),
            "url": "",
        }
