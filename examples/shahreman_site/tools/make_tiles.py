"""Make a set of map tiles of the fictional city: ``python tools/make_tiles.py city.pmtiles`` (or ``city.mbtiles``).

Pictures drawn from the city's GeoJSON: what a municipality has from its office of surveying, small enough for tests.
Needs the package pmtiles for a PMTiles file.
"""

import argparse
import io
import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
SOURCE = HERE.parent / "src/shahreman_site/static/city.geojson"
SIZE = 256
LAND, LINES = "#EDEAE2", "#8C8A80"
AREAS = {"park": "#CFE3C4", "water": "#AFD4DF", "square": "#CFE3C4"}
ROADS = {
    "street": ("#FFFFFF", 3),
    "secondary": ("#FFFFFF", 5),
    "primary": ("#FFF3D6", 8),
    "ring": ("#FFF3D6", 8),
}
ATTRIBUTION = "Shahreman"


class Tile(NamedTuple):
    """A tile of the web's maps, counted from the north-western corner."""

    zoom: int
    x: int
    y: int


def pixel(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """A place in pixels of the whole map at a zoom (Web Mercator)."""
    scale = SIZE * 2**zoom
    north = math.asinh(math.tan(math.radians(lat)))
    return (lon + 180) / 360 * scale, (1 - north / math.pi) / 2 * scale


def bounds(features: list[dict[str, Any]]) -> tuple[float, float, float, float]:
    """West, south, east and north of the city's limit."""
    ring = next(one for one in features if one["properties"]["kind"] == "boundary")["geometry"][
        "coordinates"
    ][0]
    lons, lats = zip(*ring, strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def tiles(box: tuple[float, float, float, float], zooms: range) -> Iterator[Tile]:
    """The tiles that a box touches."""
    west, south, east, north = box
    for zoom in zooms:
        left, top = pixel(west, north, zoom)
        right, bottom = pixel(east, south, zoom)
        for x in range(int(left // SIZE), int(right // SIZE) + 1):
            for y in range(int(top // SIZE), int(bottom // SIZE) + 1):
                yield Tile(zoom, x, y)


def draw(features: list[dict[str, Any]], tile: Tile) -> bytes:
    """The picture of a tile as PNG."""
    picture = Image.new("RGB", (SIZE, SIZE), LAND)
    pen = ImageDraw.Draw(picture)

    def place(lines: Any) -> list[tuple[float, float]]:
        found = (pixel(lon, lat, tile.zoom) for lon, lat in lines)
        return [(x - tile.x * SIZE, y - tile.y * SIZE) for x, y in found]

    for one in features:
        kind, shape = one["properties"]["kind"], one["geometry"]
        if kind in AREAS and shape["type"] == "Polygon":
            pen.polygon(place(shape["coordinates"][0]), fill=AREAS[kind])
        elif kind in ("district", "boundary"):
            pen.line(place(shape["coordinates"][0]), fill=LINES)
    for one in features:
        if one["properties"]["kind"] == "road":
            colour, width = ROADS[one["properties"].get("cls", "street")]
            scaled = max(1, round(width * 2 ** (tile.zoom - 16)))
            pen.line(place(one["geometry"]["coordinates"]), fill=colour, width=scaled, joint="curve")
    stored = io.BytesIO()
    picture.quantize(16).save(stored, "PNG", optimize=True)
    return stored.getvalue()


def write_mbtiles(path: Path, drawn: list[tuple[Tile, bytes]], about: dict[str, str]) -> None:
    """Write an MBTiles file, in which rows count from the south."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    with database:
        database.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
        database.execute(
            "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB,"
            " PRIMARY KEY (zoom_level, tile_column, tile_row))"
        )
        database.executemany("INSERT INTO metadata VALUES (?, ?)", about.items())
        rows = ((tile.zoom, tile.x, 2**tile.zoom - 1 - tile.y, picture) for tile, picture in drawn)
        database.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
    database.close()


def write_pmtiles(path: Path, drawn: list[tuple[Tile, bytes]], box: tuple[float, ...], zooms: range) -> None:
    """Write a PMTiles file."""
    from pmtiles.tile import Compression, TileType, zxy_to_tileid
    from pmtiles.writer import write

    header = {
        "tile_type": TileType.PNG,
        "tile_compression": Compression.NONE,
        "min_zoom": zooms[0],
        "max_zoom": zooms[-1],
        "center_zoom": zooms[0],
        **dict(
            zip(
                ("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7"),
                (round(edge * 1e7) for edge in box),
                strict=True,
            )
        ),
        "center_lon_e7": round((box[0] + box[2]) / 2 * 1e7),
        "center_lat_e7": round((box[1] + box[3]) / 2 * 1e7),
    }
    with write(str(path)) as writer:
        for tile_id, picture in sorted((zxy_to_tileid(*tile), picture) for tile, picture in drawn):
            writer.write_tile(tile_id, picture)
        writer.finalize(header, {"attribution": ATTRIBUTION})


def make(path: Path, zooms: range, source: Path = SOURCE) -> None:
    """Draw the tiles and write them."""
    features = json.loads(source.read_text("utf-8"))["features"]
    box = bounds(features)
    drawn = [(tile, draw(features, tile)) for tile in tiles(box, zooms)]
    if path.suffix == ".mbtiles":
        edges = ",".join(map(str, box))
        about = {"name": "city", "format": "png", "bounds": edges, "attribution": ATTRIBUTION}
        write_mbtiles(path, drawn, {**about, "minzoom": str(zooms[0]), "maxzoom": str(zooms[-1])})
    else:
        write_pmtiles(path, drawn, box, zooms)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw map tiles of the fictional city.")
    parser.add_argument("target", type=Path)
    parser.add_argument("--zooms", default="11-16", help="for instance 11-16")
    options = parser.parse_args()
    first, last = map(int, options.zooms.split("-"))
    make(options.target, range(first, last + 1))
