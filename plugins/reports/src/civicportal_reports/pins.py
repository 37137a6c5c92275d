"""Points of maps as JSON for the map script."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row
from translationstring import TranslationString

from civicportal.api.cases import kind_of
from civicportal.api.database import Work
from civicportal.api.organization import OrganizationService
from civicportal.api.web import Request
from civicportal_reports.areas import DIGITS
from civicportal_reports.clusters import Cluster
from civicportal_reports.looks import look_of
from civicportal_reports.mapping import Heat, MapPicture
from civicportal_reports.search import PublicPoint
from civicportal_reports.workflow import KIND

_MapRow = Row[*tuple[Any, ...]]


class Pins:
    """Convert reports to points, with texts in the request's language."""

    def __init__(self, request: Request, work: Work) -> None:
        self.request = request
        self.kind = kind_of(request.site, KIND)
        self.categories = work.get(OrganizationService).categories

    def for_everybody(self, points: Iterable[PublicPoint]) -> list[dict[str, object]]:
        """Return points for the public.

        Published ones link to their page, the others have category and status only.
        """
        return [
            {
                "lat": place.lat,
                "lon": place.lon,
                "url": self.request.route_path("reports.page", id=point.case_id) if point.public else "",
                **self._look(point, self.kind.public_status(point.status)),
            }
            for point in points
            if (place := point.place)
        ]

    def _look(self, row: PublicPoint | _MapRow, status: TranslationString) -> dict[str, str]:
        """Return the shared properties of points with one category and status."""
        category = self.categories.by_id.get(row.category_id or 0)
        name = category.name if category else ""
        return {
            "tone": look_of(row.status, row.stage).tone,
            "icon": category.icon if category else "map-pin",
            "title": ": ".join(part for part in (name, self.request.translate(status)) if part),
        }

    # -- the answers of maps that follow the part that shows --------------------------------------------------

    def picture(self, picture: MapPicture, *, public: bool) -> dict[str, object]:
        """Return clusters or points as compact data, with shared properties sent once.

        A point is latitude, longitude, the index of its properties, and the key of its card: the id of a published
        report, for staff the code, and nothing for an unpublished report.
        """
        looks: dict[tuple[object, ...], int] = {}
        described: list[dict[str, str]] = []
        points = []
        for row in picture.rows:
            look = (row.category_id, row.status)
            if look not in looks:
                looks[look] = len(described)
                status = (
                    self.kind.public_status(row.status)
                    if public
                    else self.kind.workflow.state(row.status).title
                )
                described.append(self._look(row, status))
            points.append([*_place(row, public), looks[look], _card(row, public)])
        found = [_cluster(cluster) for cluster in picture.clusters]
        return {"total": picture.total, "clusters": found, "looks": described, "points": points}


def _place(row: _MapRow, public: bool) -> tuple[float, float]:
    if public and not row.public:
        return round(row.lat, DIGITS), round(row.lon, DIGITS)
    return row.lat, row.lon


def _card(row: _MapRow, public: bool) -> str:
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
