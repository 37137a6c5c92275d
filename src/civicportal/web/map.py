"""``/map.geojson``: the city's schematic map, drawn in the browser."""

import hashlib
import json

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound

from civicportal.core.security import PagePermission
from civicportal.core.site import Site
from civicportal.util.geo import map_files, read_map
from civicportal.web.compression import small, takes_gzip
from civicportal.web.request import Request, ViewResult

AN_HOUR = 3600


def city_map(request: Request) -> ViewResult:
    """Serve the site's map file, which is read once."""
    if request.registry.city_map is None:
        raise HTTPNotFound
    encoding = "gzip" if takes_gzip(request) else None
    body, etag = request.registry.city_map[encoding]
    response = request.response
    response.content_encoding = encoding
    response.vary = ("Accept-Encoding",)
    response.content_type = "application/geo+json"
    response.cache_control = f"public, max-age={AN_HOUR}"
    response.etag = etag
    response.conditional_response = True
    response.body = body
    return response


def _tagged(body: bytes) -> tuple[bytes, str]:
    return body, hashlib.sha256(body).hexdigest()[:16]


def _body(site: Site) -> bytes:
    """Return the site's map file, including separate districts."""
    path, districts = map_files(site.path.parent, site.settings["map"])
    if districts is None:
        return path.read_bytes()
    return json.dumps(read_map(path, districts), ensure_ascii=False).encode()


def includeme(config: Configurator) -> None:
    """Read the file and add the route.

    :raises InvalidMap: when the file is missing or not a map.
    """
    site = config.registry.site
    config.registry.city_map = None
    if site.map:
        body = _body(site)
        config.registry.city_map = {None: _tagged(body), "gzip": _tagged(small(body))}
    config.add_route("map", "/map.geojson")
    config.add_view(city_map, route_name="map", permission=PagePermission.EVERYBODY)
