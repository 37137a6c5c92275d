"""Geography: points and distances, the city's map, maps as SVG, and counting by grid cells."""

from civicportal.util.geo.city_map import CityMap, InvalidMap, MapFeature, map_files, read_map
from civicportal.util.geo.clusters import Cluster, clusters
from civicportal.util.geo.grid import Cell, GridBox
from civicportal.util.geo.overview import render_overview, shade_of, shade_scale
from civicportal.util.geo.points import Bounds, Point, bounding_box, distance_m
from civicportal.util.geo.static_map import render_svg

__all__ = [
    "Bounds",
    "Cell",
    "CityMap",
    "Cluster",
    "GridBox",
    "InvalidMap",
    "MapFeature",
    "Point",
    "bounding_box",
    "clusters",
    "distance_m",
    "map_files",
    "read_map",
    "render_overview",
    "render_svg",
    "shade_of",
    "shade_scale",
]
