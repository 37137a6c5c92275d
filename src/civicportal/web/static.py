"""Static files with immutable URLs.

The digest covers the folder including the site's overrides, so that two versions can run side by side.
"""

import hashlib
import mimetypes
from pathlib import Path

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound
from pyramid.path import AssetResolver
from pyramid.response import FileResponse, Response

from civicportal.core.security import PagePermission
from civicportal.web.compression import TEXT, small_file, takes_gzip
from civicportal.web.request import Request

CORE = "core"
A_YEAR = 31536000
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/geo+json", ".geojson")


class StaticFiles:
    """The static folders of core, plugins and site, by owner.

    :ivar urls: cache of URLs by the path of the application, owner and path.
    """

    def __init__(self, packages: dict[str, str], site_package: str) -> None:
        self.packages = packages
        self._site_package = site_package
        self._digests: dict[str, str] = {}
        self.urls: dict[tuple[str, str, str], str] = {}

    def digest(self, owner: str) -> str:
        """Return the digest of an owner's folder, computed once."""
        if owner not in self._digests:
            self._digests[owner] = self._reckon(owner)
        return self._digests[owner]

    def file(self, owner: str, path: str) -> Path | None:
        """Return the file, preferring the site's override, or None."""
        package = self.packages.get(owner)
        parts = path.split("/")
        if package is None or any(part in ("", ".", "..") or part.startswith(".") for part in parts):
            return None
        descriptor = AssetResolver(None).resolve(f"{package}:static/{path}")
        if not descriptor.exists() or descriptor.isdir():
            return None
        return Path(descriptor.abspath())

    def _reckon(self, owner: str) -> str:
        total = hashlib.sha256()
        for folder in self._folders(owner):
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    total.update(str(file.relative_to(folder)).encode())
                    total.update(file.read_bytes())
        return total.hexdigest()[:12]

    def _folders(self, owner: str) -> list[Path]:
        resolver = AssetResolver(None)
        specs = [f"{self.packages[owner]}:static"]
        if self._site_package and owner != "site":
            specs.append(f"{self._site_package}:static/{owner}")
        found = [resolver.resolve(spec) for spec in specs]
        return [Path(folder.abspath()) for folder in found if folder.exists()]


def static_url(request: Request, owner: str, path: str) -> str:
    """Return the URL of a static file with the digest of its folder, cached because a page has a hundred."""
    files: StaticFiles = request.registry.static_files
    known = (request.script_name, owner, path)
    if known not in files.urls:
        files.urls[known] = request.route_path("static", owner=owner, digest=files.digest(owner), path=path)
    return files.urls[known]


def static_file(request: Request) -> Response:
    """Serve one file."""
    owner, digest = request.matchdict["owner"], request.matchdict["digest"]
    files: StaticFiles = request.registry.static_files
    path = files.file(owner, request.matchdict["path"])
    if path is None:
        raise HTTPNotFound
    response = _response(request, path)
    if digest == files.digest(owner):
        response.cache_control = f"public, max-age={A_YEAR}, immutable"
    else:
        response.cache_control = "no-cache"
    return response


def _response(request: Request, path: Path) -> Response:
    content_type, encoding = mimetypes.guess_type(path.name)
    kind = content_type or "application/octet-stream"
    if path.suffix not in TEXT:
        return FileResponse(str(path), request=request, content_type=kind, content_encoding=encoding)
    if takes_gzip(request):
        response = Response(small_file(path), content_type=kind, content_encoding="gzip")
    else:
        response = FileResponse(str(path), request=request, content_type=kind)
    response.vary = ("Accept-Encoding",)
    return response


def includeme(config: Configurator) -> None:
    """Add the route; the folders are known after the app is assembled."""
    config.add_route("static", "/static/{owner}/{digest}/{path:.*}")
    config.add_view(static_file, route_name="static", permission=PagePermission.EVERYBODY)
