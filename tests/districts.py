"""A city of many districts with long names, for pictures that are too small for all of them."""

from typing import Any

WEST, SOUTH, WIDTH, HEIGHT = 52.15, 33.0, 0.02, 0.014
LARGE = "بافت تاریخی"


def many_districts(across: int = 6, up: int = 5) -> dict[str, Any]:
    """Return a map of equal districts, one over the other, beside a large one."""
    east, north = WEST + across * WIDTH, SOUTH + up * HEIGHT
    areas = [
        (
            f"منطقهٔ شهرداری شمارهٔ {x * up + y + 1}",
            WEST + x * WIDTH,
            SOUTH + y * HEIGHT,
            WEST + (x + 1) * WIDTH,
            SOUTH + (y + 1) * HEIGHT,
        )
        for x in range(across)
        for y in range(up)
    ]
    areas.append((LARGE, east, SOUTH, east + 2 * WIDTH, north))
    features = [_area("district", name, *box) for name, *box in areas]
    whole = _area("boundary", "شهر", WEST, SOUTH, east + 2 * WIDTH, north)
    return {"type": "FeatureCollection", "features": [whole, *features]}


def _area(kind: str, name: str, west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"kind": kind, "name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
