"""A PasteDeploy loader for ``site.toml``.

Pyramid's commands use it (``pserve``, ``pshell``, ``proutes``, …).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn
from wsgiref.types import WSGIApplication

import plaster
from pyramid.router import Router

from civicportal.app import create_app
from civicportal.core.logging import setup_logging
from civicportal.core.site import Site
from civicportal.tools.server import serve_app


class SiteLoader(plaster.ILoader):
    """Loader for ``pserve``, ``pshell``, ``proutes`` and ``pviews``."""

    def __init__(self, uri: plaster.PlasterURL) -> None:
        self.uri = uri

    def get_sections(self) -> list[str]:
        """Return the names of the sections."""
        return ["app:main", "server:main"]

    def get_settings(
        self, section: str | None = None, defaults: Mapping[str, str] | None = None
    ) -> dict[str, object]:
        """Return nothing: a site has its own settings."""
        return {}

    def setup_logging(self, defaults: Mapping[str, str] | None = None) -> None:
        """Configure logging like ``civicportal serve``."""
        setup_logging()

    def get_wsgi_app(
        self, name: str | None = None, defaults: Mapping[str, str] | None = None
    ) -> WSGIApplication:
        """Return the application."""
        return create_app(Site(Path(self.uri.path)))

    def get_wsgi_app_settings(
        self, name: str | None = None, defaults: Mapping[str, str] | None = None
    ) -> dict[str, object]:
        """Return nothing: a site has its own settings."""
        return {}

    def get_wsgi_filter(self, name: str | None = None, defaults: Mapping[str, str] | None = None) -> NoReturn:
        """There are no filters.

        :raises LookupError: always.
        """
        raise LookupError(name)

    def get_wsgi_server(
        self, name: str | None = None, defaults: Mapping[str, str] | None = None
    ) -> "Callable[[Router], None]":
        """Return a function that serves the portal with waitress.

        :param defaults: ``host`` and ``port``, as in ``pserve site.toml port=8080``.
        """
        wanted = defaults or {}

        def serve(app: Router) -> None:
            site = app.registry.site
            site.check_start()
            host, port = wanted.get("host", "127.0.0.1"), int(wanted.get("port", 6543))
            serve_app(app, host, port, trusted_proxies=site.settings["site"]["trusted_proxy"])

        return serve
