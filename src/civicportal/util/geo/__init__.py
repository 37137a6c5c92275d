"""Geography: points, maps, SVG, grid cells."""

from civicportal.util.geo.city_map import CityMap, InvalidMap, MapFeature, map_files, read_map
from civicportal.util.geo.clusters import Cluster
from civicportal.util.geo.drawing import CityDrawing
from civicportal.util.geo.grid import Cell, GridBox
from civicportal.util.geo.points import Bounds, Point

__all__ = [
    "Bounds",
    "Cell",
    "CityDrawing",
    "CityMap",
    "Cluster",
    "GridBox",
    "InvalidMap",
    "MapFeature",
    "Point",
    "map_files",
    "read_map",
]
