"""The machinery of ``/api/v1``: operations, their document, problems instead of error pages.

A domain or a plugin declares its :class:`~civicportal.web.rest.operations.Operation` objects and adds them in its
``includeme`` with ``config.add_operations``. Resources themselves are in the domains.
"""

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.web.pages import add_pages
from civicportal.web.request import API
from civicportal.web.rest.dispatch import add_operations
from civicportal.web.rest.problems import problem_response
from civicportal.web.rest.roots import add_api_root

ROUTES = {"api": "/api/v1/", "api.root": "/api/v1", "api.document": "/api/v1/openapi.json"}


def includeme(config: Configurator) -> None:
    """Add the directives ``add_operations`` and ``add_api_root``, the document and the reference page."""
    config.registry.api_operations = {}
    config.registry.api_routes = {}
    config.add_directive("add_operations", add_operations)
    # At once: the first check of every request asks for the addresses of programs.
    config.add_directive("add_api_root", add_api_root, action_wrap=False)
    add_api_root(config, API, problem_response)
    add_pages(
        config,
        ROUTES,
        (
            ("api", "reference", "reference", PagePermission.EVERYBODY, "GET"),
            ("api.root", "reference", "reference", PagePermission.EVERYBODY, "GET"),
            ("api.document", "document", None, PagePermission.EVERYBODY, "GET"),
        ),
        views="civicportal.web.rest.views",
        templates="civicportal:templates/rest",
    )
