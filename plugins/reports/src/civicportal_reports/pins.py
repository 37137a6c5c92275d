"""Points of maps as JSON for the map script."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row
from translationstring import TranslationString

from civicportal.api.cases import Case, CaseService, kind_of
from civicportal.api.database import Work
from civicportal.api.geo import Point
from civicportal.api.organization import OrganizationService
from civicportal.api.web import Request
from civicportal_reports.areas import DIGITS
from civicportal_reports.clusters import Cluster
from civicportal_reports.looks import look_of
from civicportal_reports.mapping import Heat, MapPicture
from civicportal_reports.models import Report
from civicportal_reports.workflow import KIND


def public_point(case: Case, report: Report) -> Point | None:
    """Return the point of a report that the public may know: rounded if unpublished."""
    point = report.point
    return (
        point if point is None or case.public else Point(round(point.lat, DIGITS), round(point.lon, DIGITS))
    )


class Pins:
    """Convert reports to points, with texts in the request's language."""

    def __init__(self, request: Request, work: Work) -> None:
        self.request = request
        self.cases = work.get(CaseService)
        self.categories = work.get(OrganizationService).categories

    def for_everybody(self, rows: Iterable[tuple[Case, Report]]) -> list[dict[str, object]]:
        """Return points for the public.

        Published ones link to their page, the others have category and status only.
        """
        return [pin for case, report in rows if (pin := self._public_pin(case, report))]

    def _public_pin(self, case: Case, report: Report) -> dict[str, object] | None:
        point = public_point(case, report)
        if point is None:
            return None
        pin = self._pin(case, point, self.cases.kind(case).public_status(case.status))
        return pin | {"url": self.request.route_path("reports.page", id=case.id)} if case.public else pin

    def _pin(self, case: Case, point: Point, status: TranslationString) -> dict[str, object]:
        return {"lat": point.lat, "lon": point.lon, "url": "", **self._look(case, status)}

    def _look(self, case: Case, status: TranslationString) -> dict[str, str]:
        """Return the shared properties of points with one category and status."""
        category = self.categories.by_id.get(case.category_id or 0)
        name = category.name if category else ""
        return {
            "tone": look_of(case.status, case.stage).tone,
            "icon": category.icon if category else "map-pin",
            "title": ": ".join(part for part in (name, self.request.translate(status)) if part),
        }

    # -- the answers of maps that follow the part that shows --------------------------------------------------

    def picture(self, picture: MapPicture, *, public: bool) -> dict[str, object]:
        """Return clusters or points as compact data, with shared properties sent once.

        A point is latitude, longitude, the index of its properties, and the key of its card: the id of a published
        report, for staff the code, and nothing for an unpublished report.
        """
        kind = kind_of(self.request.site, KIND)
        looks: dict[tuple[object, ...], int] = {}
        described: list[dict[str, str]] = []
        points = []
        for row in picture.rows:
            look = (row.category_id, row.status)
            if look not in looks:
                looks[look] = len(described)
                status = kind.public_status(row.status) if public else kind.workflow.state(row.status).title
                described.append(self._look(row, status))
            points.append([*_place(row, public), looks[look], _card(row, public)])
        found = [_cluster(cluster) for cluster in picture.clusters]
        return {"total": picture.total, "clusters": found, "looks": described, "points": points}


def _place(row: Row[*tuple[Any, ...]], public: bool) -> tuple[float, float]:
    if public and not row.public:
        return round(row.lat, DIGITS), round(row.lon, DIGITS)
    return row.lat, row.lon


def _card(row: Row[*tuple[Any, ...]], public: bool) -> str:
    if not public:
        return str(row.code)
    return str(row.id) if row.public else ""


def _cluster(cluster: Cluster) -> dict[str, object]:
    south, west, north, east = (round(edge, 5) for edge in cluster.bounds)
    return {
        "n": cluster.n,
        "lat": round(cluster.point.lat, 5),
        "lon": round(cluster.point.lon, 5),
        "box": [west, south, east, north],
    }


def heat(found: Heat) -> dict[str, object]:
    """Return the centre of each cell with its number."""
    cells = []
    for cell, n in found.cells:
        middle = cell.bounds(found.level).center
        cells.append([round(middle.lat, 5), round(middle.lon, 5), n])
    return {"total": sum(n for *_, n in cells), "level": found.level, "cells": cells}
