"""The panel of a map of reports: its table, and a drawing for browsers without JavaScript."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from civicportal.api.database import Work
from civicportal.api.geo import CityDrawing, CityMap, Point
from civicportal_reports.mapping import ReportMap
from civicportal_reports.search import Filters
from civicportal_reports.viewports import MapView

SIZE = (640, 440)
"""Size of the drawing in pixels."""
_TILE = 256  # pixels of the whole globe at zoom 0


@dataclass(frozen=True, kw_only=True)
class District:
    """Number of reports of a district.

    :ivar name: empty for reports without a district.
    :ivar shade: None if the map has no such area.
    """

    name: str
    n: int
    shade: int | None

    @property
    def listed(self) -> bool:
        """Return whether the list can be filtered by it: districts of the map, and none."""
        return self.n > 0 and (self.shade is not None or not self.name)


@dataclass(frozen=True, kw_only=True)
class MapPanel:
    """The filtered reports by district, and as a drawing.

    :ivar scale: the smallest and the largest number of each used shade, from the palest on.
    """

    districts: Sequence[District]
    scale: Sequence[tuple[int, int, int]]
    drawing: Markup | None

    @property
    def total(self) -> int:
        """Return the number of reports with a place on the map."""
        return sum(district.n for district in self.districts)

    @property
    def shades(self) -> Mapping[str, int]:
        """Return the shades of the districts by name."""
        return _shades(self.districts)


def map_panel(
    work: Work, filters: Filters, number: Callable[[int], str], *, public: bool = False
) -> MapPanel:
    """Count by district and draw the city.

    :param number: formats a number in the reader's language.
    """
    service, city_map = work.get(ReportMap), work.site.map
    counted = service.districts(filters, public=public)
    names = city_map.districts if city_map else []
    most = max((counted.get(name, 0) for name in names), default=0)
    districts = [
        District(name=name, n=counted.get(name, 0), shade=CityDrawing.shade(counted.get(name, 0), most))
        for name in names
    ]
    districts += [District(name=name, n=n, shade=None) for name, n in counted.items() if name not in names]
    drawing = None
    if city_map:
        marks = _marks(service, filters, city_map, public)
        drawing = CityDrawing(city_map, SIZE).overview(marks=marks, shades=_shades(districts), number=number)
    return MapPanel(districts=districts, scale=CityDrawing.scale(most), drawing=drawing)


def _shades(districts: Sequence[District]) -> dict[str, int]:
    return {one.name: one.shade for one in districts if one.shade is not None}


def _marks(service: ReportMap, filters: Filters, city_map: CityMap, public: bool) -> list[tuple[Point, int]]:
    """Return the clusters at the zoom of the drawing."""
    box = city_map.bounds
    zoom = math.floor(math.log2(SIZE[0] / _TILE * 360 / max(box.east - box.west, 1e-4)))
    picture = service.picture(filters, MapView(zoom=min(max(zoom, 0), 18)), public=public)
    points = [(Point(row.lat, row.lon), 1) for row in picture.rows]
    return points + [(cluster.point, cluster.n) for cluster in picture.clusters]
