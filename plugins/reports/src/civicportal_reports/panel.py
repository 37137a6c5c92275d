"""The panel of a map of many reports: what its template says in a table, and draws where no script runs."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from civicportal.api import CityMap, Point, Work, render_overview, shade_of, shade_scale
from civicportal_reports.mapping import ReportMap
from civicportal_reports.search import Filters
from civicportal_reports.viewports import MapView

SIZE = (640, 440)
"""Of the drawing, in pixels."""
_TILE = 256  # pixels of the whole globe at zoom 0


@dataclass(frozen=True, kw_only=True)
class District:
    """How many reports lie in a district.

    :ivar name: empty for those that lie in none.
    :ivar shade: None for what is no area of the map.
    """

    name: str
    n: int
    shade: int | None

    @property
    def listed(self) -> bool:
        """Return whether there is a list of just these: the filters offer the districts of the map, and that there is none."""
        return self.n > 0 and (self.shade is not None or not self.name)


@dataclass(frozen=True, kw_only=True)
class MapPanel:
    """What the filters leave, by district and drawn.

    :ivar scale: the smallest and the largest number of each shade that occurs, from the palest on.
    """

    districts: Sequence[District]
    scale: Sequence[tuple[int, int, int]]
    drawing: Markup | None

    @property
    def total(self) -> int:
        """Return how many reports have a place on the map."""
        return sum(district.n for district in self.districts)

    @property
    def shades(self) -> Mapping[str, int]:
        """Return the shades of the districts by name."""
        return _shades(self.districts)


def map_panel(
    work: Work, filters: Filters, number: Callable[[int], str], *, public: bool = False
) -> MapPanel:
    """Count by district and draw the city.

    :param number: writes a number as the reader's language does.
    """
    service, city_map = work.get(ReportMap), work.site.map
    counted = service.districts(filters, public=public)
    names = city_map.districts if city_map else []
    most = max((counted.get(name, 0) for name in names), default=0)
    districts = [
        District(name=name, n=counted.get(name, 0), shade=shade_of(counted.get(name, 0), most))
        for name in names
    ]
    districts += [District(name=name, n=n, shade=None) for name, n in counted.items() if name not in names]
    drawing = None
    if city_map:
        marks = _marks(service, filters, city_map, public)
        drawing = render_overview(city_map, SIZE, marks=marks, shades=_shades(districts), number=number)
    return MapPanel(districts=districts, scale=shade_scale(most), drawing=drawing)


def _shades(districts: Sequence[District]) -> dict[str, int]:
    return {one.name: one.shade for one in districts if one.shade is not None}


def _marks(service: ReportMap, filters: Filters, city_map: CityMap, public: bool) -> list[tuple[Point, int]]:
    """Return the clusters of a map as wide as the drawing."""
    box = city_map.bounds
    zoom = math.floor(math.log2(SIZE[0] / _TILE * 360 / max(box.east - box.west, 1e-4)))
    picture = service.picture(filters, MapView(zoom=min(max(zoom, 0), 18)), public=public)
    points = [(Point(row.lat, row.lon), 1) for row in picture.rows]
    return points + [(cluster.point, cluster.n) for cluster in picture.clusters]
