"""The site's own map tiles."""

from collections.abc import Iterator
from pathlib import Path

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response

from civicportal.core.security import PagePermission
from civicportal.core.site import Site
from civicportal.util.geo.tiles import PICTURES, TileReader, TileSet, describe, open_tiles
from civicportal.web.request import Request

A_YEAR = 31536000
CHUNK = 256 * 1024
TILES = "/map/tiles/{digest}"


def tile_file(request: Request) -> Response:
    """Serve the file, or the requested byte range."""
    tiles: TileSet | None = request.registry.tiles
    if tiles is None or tiles.kind != "pmtiles":
        raise HTTPNotFound
    size = tiles.path.stat().st_size
    start, stop = 0, size
    wanted = request.range if not request.if_range or tiles.digest in str(request.if_range) else None
    response = Response(content_type="application/octet-stream", accept_ranges="bytes")
    if wanted is not None:
        found = wanted.range_for_length(size)
        if found is None:
            return Response(status=416, headerlist=[("Content-Range", f"bytes */{size}")])
        start, stop = found
        response.status_int = 206
        response.content_range = (start, stop, size)
    response.etag = tiles.digest
    response.app_iter = _bytes(tiles.path, start, stop)
    response.content_length = stop - start
    return _kept(request, response, tiles)


def tile(request: Request) -> Response:
    """Serve one tile; 204 if the set does not have it."""
    tiles: TileSet | None = request.registry.tiles
    if tiles is None or tiles.kind != "mbtiles":
        raise HTTPNotFound
    zoom, column, row = (int(request.matchdict[name]) for name in "zxy")
    if zoom > tiles.max_zoom:
        raise HTTPNotFound
    body = request.registry.tile_reader.tile(zoom, column, row)
    if body is None:
        return _kept(request, Response(status=204), tiles)
    return _kept(request, Response(body, content_type=PICTURES[tiles.format]), tiles)


def _kept(request: Request, response: Response, tiles: TileSet) -> Response:
    """Set immutable caching for content that never changes under its URL."""
    if request.matchdict["digest"] == tiles.digest:
        response.cache_control = f"public, max-age={A_YEAR}, immutable"
    else:
        response.cache_control = "no-cache"
    return response


def _bytes(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop:
            chunk = file.read(min(CHUNK, stop - start))
            if not chunk:
                return
            start += len(chunk)
            yield chunk


def includeme(config: Configurator) -> None:
    """Check the file and add the routes.

    :raises InvalidTiles: when the file is missing or contains no pictures.
    """
    site = config.registry.site
    tiles = _tiles_of(site)
    config.registry.tiles = tiles
    config.registry.tile_reader = TileReader(tiles.path) if tiles else None
    config.registry.tiles_described = _described(tiles) if tiles else ""
    config.add_route("map_tile_file", f"{TILES}/city.pmtiles")
    config.add_view(
        tile_file,
        route_name="map_tile_file",
        permission=PagePermission.EVERYBODY,
        request_method=("GET", "HEAD"),
    )
    config.add_route("map_tile", TILES + r"/{z:\d{1,2}}/{x:\d{1,7}}/{y:\d{1,7}}")
    config.add_view(tile, route_name="map_tile", permission=PagePermission.EVERYBODY)


def _tiles_of(site: Site) -> TileSet | None:
    table = site.settings["map"]
    if not table or table["kind"] != "tiles":
        return None
    return open_tiles(site.path.parent / table["tiles"])


def _described(tiles: TileSet) -> str:
    folder = TILES.format(digest=tiles.digest)
    return describe(
        tiles, f"{folder}/city.pmtiles" if tiles.kind == "pmtiles" else f"{folder}/{{z}}/{{x}}/{{y}}"
    )
