"""Places on the ground: points and distances, the city's map, and a picture of it drawn on the server."""

from civicportal.geo.city_map import CityMap, InvalidMap, MapFeature
from civicportal.geo.points import Bounds, Point, bounding_box, distance_m
from civicportal.geo.static_map import render_svg

__all__ = [
    "Bounds",
    "CityMap",
    "InvalidMap",
    "MapFeature",
    "Point",
    "bounding_box",
    "distance_m",
    "render_svg",
]
