"""Points, the map of the city, and cells of a grid."""

from civicportal.util.geo import Bounds, Cell, CityDrawing, CityMap, Cluster, GridBox, Point
from civicportal.util.geo.sql import cell_columns

__all__ = ["Bounds", "Cell", "CityDrawing", "CityMap", "Cluster", "GridBox", "Point", "cell_columns"]
