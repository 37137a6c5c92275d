"""Request processing: unit of work, explicit permissions, templates, static files, error pages."""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    """Include the request machinery."""
    for part in (
        "derivers",
        "requests",
        "csrf",
        "sent",
        "feeds",
        "flash",
        "templating",
        "static",
        "theme",
        "errors",
        "csp_reports",
        "security_txt",
        "map",
        "tiles",
        "language",
        "counting",
        "caching",
        "arrivals",
        "pwa",
        "rest",
    ):
        config.include(f"civicportal.web.{part}")
