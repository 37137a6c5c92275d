"""Points and the map of the city."""

from civicportal.util.geo import Bounds, CityDrawing, CityMap, Point

__all__ = ["Bounds", "CityDrawing", "CityMap", "Point"]
