"""Map tiles in one file of the site."""

import json
import struct
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from civicportal.util.errors import ConfigurationError
from civicportal.util.geo.points import Bounds

if TYPE_CHECKING:
    import sqlite3

PICTURES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
_HEAD = 16384  # bytes: header and first directory of PMTiles, whose offsets change with any tile
_MAGIC = b"PMTiles\x03"
_TYPES = {2: "png", 3: "jpg", 4: "webp", 5: "avif"}
_WORLD = Bounds(-85.0, -180.0, 85.0, 180.0)


class InvalidTiles(ConfigurationError):
    """The file has no usable tiles; the message says why."""


@dataclass(frozen=True, kw_only=True)
class TileSet:
    """The tiles of a file.

    :ivar kind: "pmtiles", which browsers read by byte ranges, or "mbtiles", whose tiles have URLs.
    :ivar format: of the pictures: png, jpg, webp or avif.
    :ivar attribution: as plain text.
    """

    path: Path
    kind: str
    format: str
    min_zoom: int
    max_zoom: int
    bounds: Bounds
    attribution: str = ""

    @cached_property
    def digest(self) -> str:
        """Return an identifier of the file's version, without reading all of it."""
        with self.path.open("rb") as file:
            head = file.read(_HEAD)
        return sha256(head + str(self.path.stat().st_size).encode()).hexdigest()[:12]


def open_tiles(path: Path) -> TileSet:
    """Read the metadata of a file of tiles.

    :raises InvalidTiles: when it is missing, or its tiles are not pictures.
    """
    try:
        return _mbtiles(path) if path.suffix == ".mbtiles" else _pmtiles(path)
    except (OSError, struct.error, ValueError) as problem:
        raise InvalidTiles(f"cannot read the tiles of {path.name}: {problem}") from problem


def _pmtiles(path: Path) -> TileSet:
    # The layout of version 3: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
    with path.open("rb") as file:
        head = file.read(127)
        if not head.startswith(_MAGIC):
            raise InvalidTiles(f"{path.name} is no PMTiles file of version 3")
        kind, low, high, *edges = struct.unpack_from("<BBBiiii", head, 99)
    if kind not in _TYPES:
        raise InvalidTiles(f"the tiles of {path.name} are no pictures: vector tiles are not drawn")
    west, south, east, north = (edge / 1e7 for edge in edges)
    return TileSet(
        path=path,
        kind="pmtiles",
        format=_TYPES[kind],
        min_zoom=low,
        max_zoom=high,
        bounds=Bounds(south, west, north, east),
    )


def _mbtiles(path: Path) -> TileSet:
    import sqlite3

    try:
        with closing(_connect(path)) as database:
            about = dict(database.execute("SELECT name, value FROM metadata"))
    except sqlite3.Error as problem:
        raise ValueError(str(problem)) from problem
    format_ = {"jpeg": "jpg"}.get(about.get("format", ""), about.get("format", ""))
    if format_ not in PICTURES:
        raise InvalidTiles(
            f"the tiles of {path.name} are no pictures but {format_ or 'of an unknown format'}"
        )
    bounds = _WORLD
    if about.get("bounds"):
        west, south, east, north = (float(part) for part in about["bounds"].split(","))
        bounds = Bounds(south, west, north, east)
    return TileSet(
        path=path,
        kind="mbtiles",
        format=format_,
        min_zoom=int(about.get("minzoom", 0)),
        max_zoom=int(about.get("maxzoom", 18)),
        bounds=bounds,
        attribution=about.get("attribution", ""),
    )


def _connect(path: Path) -> "sqlite3.Connection":
    import sqlite3

    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


class TileReader:
    """Read single tiles of an MBTiles file.

    Each with a new connection, which takes a tenth of a millisecond to open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        """Return a tile in web numbering (from the north-western corner).

        It is None if missing.
        """
        with closing(_connect(self._path)) as database:
            found = database.execute(
                "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
                (zoom, column, 2**zoom - 1 - row),
            ).fetchone()
        return bytes(found[0]) if found else None


def describe(tiles: TileSet, url: str) -> str:
    """Return the settings of the tiles for the map script, as JSON.

    :param url: of the file, or of a tile with ``{z}``, ``{x}`` and ``{y}``.
    """
    south, west, north, east = tiles.bounds
    return json.dumps(
        {
            "kind": tiles.kind,
            "url": url,
            "min": tiles.min_zoom,
            "max": tiles.max_zoom,
            "bounds": [[south, west], [north, east]],
        }
    )
