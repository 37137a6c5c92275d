"""View derivers: every view declares a permission and its methods."""

from collections.abc import Callable

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPMethodNotAllowed
from pyramid.interfaces import IViewDeriverInfo
from pyramid.response import Response
from pyramid.viewderivers import INGRESS

from civicportal.util.errors import ConfigurationError
from civicportal.web.request import Request

SAFE = ("GET", "HEAD")
View = Callable[[object, Request], Response]
"""A view as Pyramid calls it."""


def explicit_permission(view: View, info: IViewDeriverInfo) -> View:
    """Refuse to start with a view that declares no permission.

    :raises ConfigurationError: names the view.
    """
    if info.options.get("permission") is None and not info.exception_only:
        name = getattr(info.original_view, "__qualname__", repr(info.original_view))
        module = getattr(info.original_view, "__module__", "?")
        raise ConfigurationError(f"the view {module}.{name} has no permission; public pages say EVERYBODY")
    return view


def declared_methods(view: View, info: IViewDeriverInfo) -> View:
    """Answer 405 to undeclared methods.

    The default is GET and HEAD.
    """
    if info.exception_only or info.options.get("request_method"):
        return view

    def reading(context: object, request: Request) -> Response:
        if request.method not in SAFE:
            raise HTTPMethodNotAllowed
        return view(context, request)

    return reading


def includeme(config: Configurator) -> None:
    """Add both derivers; ``permission`` and ``request_method`` are Pyramid's own options."""
    config.add_view_deriver(explicit_permission, "explicit_permission", under=INGRESS, over="secured_view")
    config.add_view_deriver(declared_methods, "declared_methods", under=INGRESS, over="secured_view")
