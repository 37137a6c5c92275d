"""Routes and views of a package as a table."""

from collections.abc import Iterable, Mapping

from pyramid.config import Configurator

#: Route, view, template, permission, methods. The view is ``module.function`` below the views' package; the template a
#: name without folder and suffix, "json", or None for a view that returns a response.
Page = tuple[str, str, str | None, str, str | tuple[str, ...]]


def add_pages(
    config: Configurator, routes: Mapping[str, str], pages: Iterable[Page], *, views: str, templates: str
) -> None:
    """Add routes and views.

    :param routes: pattern by route name.
    :param views: package of the views, for instance ``civicportal.domain.cases.views``.
    :param templates: asset folder of the templates, for instance ``civicportal:templates/cases``.
    """
    for name, pattern in routes.items():
        config.add_route(name, pattern)
    for route, view, template, permission, methods in pages:
        config.add_view(
            f"{views}.{view}",
            route_name=route,
            renderer=template if template in (None, "json") else f"{templates}/{template}.jinja2",
            permission=permission,
            request_method=methods,
        )
