"""Points, the map of the city, and counting by cells of a grid."""

from civicportal.util.geo import (
    Bounds,
    Cell,
    CityMap,
    Cluster,
    GridBox,
    Point,
    bounding_box,
    clusters,
    distance_m,
    render_overview,
    render_svg,
    shade_of,
    shade_scale,
)
from civicportal.util.geo.sql import column_of, row_of

__all__ = [
    "Bounds",
    "Cell",
    "CityMap",
    "Cluster",
    "GridBox",
    "Point",
    "bounding_box",
    "clusters",
    "column_of",
    "distance_m",
    "render_overview",
    "render_svg",
    "row_of",
    "shade_of",
    "shade_scale",
]
