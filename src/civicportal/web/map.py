"""``/map.geojson``: the city's schematic map, drawn in the browser."""

import hashlib
from typing import Any

from pyramid.httpexceptions import HTTPNotFound

from civicportal.security import EVERYBODY

AN_HOUR = 3600


def city_map(request: Any) -> Any:
    """Serve the file that the site names; it is read once."""
    if request.registry.city_map is None:
        raise HTTPNotFound
    body, etag = request.registry.city_map
    response = request.response
    response.content_type = "application/geo+json"
    response.cache_control = f"public, max-age={AN_HOUR}"
    response.etag = etag
    response.conditional_response = True
    response.body = body
    return response


def includeme(config: Any) -> None:
    """Read the file and add the route.

    :raises InvalidMap: when the site names a file that is not there or no map.
    """
    site = config.registry.site
    config.registry.city_map = None
    if site.map:
        body = (site.path.parent / site.settings["map"]["geojson"]).read_bytes()
        config.registry.city_map = (body, hashlib.sha256(body).hexdigest()[:16])
    config.add_route("map", "/map.geojson")
    config.add_view(city_map, route_name="map", permission=EVERYBODY)
