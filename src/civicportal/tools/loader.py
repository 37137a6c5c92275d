"""A PasteDeploy loader, so that Pyramid's commands (``pserve``, ``pshell``, ``proutes``, …) accept a ``site.toml``."""

from pathlib import Path
from typing import Any

import plaster

from civicportal.app import create_app
from civicportal.core.logging import setup_logging
from civicportal.core.site import Site
from civicportal.tools.server import serve_app


class SiteLoader(plaster.ILoader):
    """Loader for ``pserve``, ``pshell``, ``proutes`` and ``pviews``."""

    def __init__(self, uri: Any) -> None:
        self.uri = uri

    def get_sections(self) -> list[str]:
        """Return the names of the sections."""
        return ["app:main", "server:main"]

    def get_settings(self, section: str | None = None, defaults: Any = None) -> dict[str, Any]:
        """Return nothing: a site has its own settings."""
        return {}

    def setup_logging(self, defaults: Any = None) -> None:
        """Configure logging as ``civicportal serve`` does."""
        setup_logging()

    def get_wsgi_app(self, name: str | None = None, defaults: Any = None) -> Any:
        """Return the application."""
        return create_app(Site(Path(self.uri.path)))

    def get_wsgi_app_settings(self, name: str | None = None, defaults: Any = None) -> dict[str, Any]:
        """Return nothing: a site has its own settings."""
        return {}

    def get_wsgi_filter(self, name: str | None = None, defaults: Any = None) -> Any:
        """There are no filters.

        :raises LookupError: always.
        """
        raise LookupError(name)

    def get_wsgi_server(self, name: str | None = None, defaults: Any = None) -> Any:
        """Return a function that serves the portal with waitress.

        :param defaults: ``host`` and ``port``, as in ``pserve site.toml port=8080``.
        """
        wanted = defaults or {}

        def serve(app: Any) -> None:
            site = app.registry.site
            site.check_start()
            place = {"host": wanted.get("host", "127.0.0.1"), "port": int(wanted.get("port", 6543))}
            serve_app(app, trusted_proxies=site.settings["site"]["trusted_proxy"], **place)

        return serve
