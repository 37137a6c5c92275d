"""Geography: points, maps, SVG."""

from civicportal.util.geo.city_map import CityMap, InvalidMap, MapFeature, map_files, read_map
from civicportal.util.geo.drawing import CityDrawing
from civicportal.util.geo.points import Bounds, Point

__all__ = [
    "Bounds",
    "CityDrawing",
    "CityMap",
    "InvalidMap",
    "MapFeature",
    "Point",
    "map_files",
    "read_map",
]
