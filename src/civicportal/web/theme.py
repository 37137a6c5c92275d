"""The city's colours as a style sheet that overrides the primary tokens."""

import re
from collections.abc import Mapping

from pyramid.config import Configurator

from civicportal.core.security import PagePermission
from civicportal.util.colour import palette
from civicportal.util.errors import ConfigurationError
from civicportal.web.request import Request, ViewResult

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_TOKENS = {
    "primary": "--primary",
    "primary_hover": "--primary-hover",
    "primary_ink": "--primary-ink",
    "primary_soft": "--primary-soft",
    "primary_line": "--primary-line",
    "on_primary": "--on-primary",
    "hero": "--hero",
}


def theme_css(look: Mapping[str, str]) -> str:
    """Return the style sheet of a site's ``[look]``.

    Keys ending in ``_dark`` apply in dark mode.

    :raises ConfigurationError: for an unknown key, and for a colour that is not ``#rrggbb``.
    """
    light: list[str] = []
    dark: list[str] = []
    for key, value in sorted(look.items()):
        name = key.removesuffix("_dark")
        if name not in _TOKENS:
            raise ConfigurationError(
                f"look.{key}: unknown key; known are {', '.join(_TOKENS)}, each with _dark too"
            )
        if not _HEX.fullmatch(value):
            raise ConfigurationError(f"look.{key}: must look like #0b6a6b, not {value!r}")
        (dark if key.endswith("_dark") else light).append(f"{_TOKENS[name]}:{value}")
    rules = []
    if light:
        rules.append(f":root,[data-bs-theme=light]{{{';'.join(light)}}}")
    if dark:
        rules.append(f"@media screen{{[data-bs-theme=dark]{{{';'.join(dark)}}}}}")
    return "\n".join(rules) + "\n"


def theme(request: Request) -> ViewResult:
    """Serve the colours, with their digest in the URL."""
    cache, query = request.site.branding_cache, request.query_string
    if query != cache.current().digest:
        # A page rendered by another process may know a change that this one does not know yet.
        cache.forget()
    branding = cache.current()
    request.response.content_type = "text/css"
    request.response.text = theme_css(palette(branding.look))
    request.response.cache_control = "public, max-age=86400" if query == branding.digest else "no-cache"
    return request.response


def includeme(config: Configurator) -> None:
    """Add the route; the colours are validated at the start."""
    theme_css(config.registry.site.settings["look"])
    config.add_route("theme", "/theme.css")
    config.add_view(theme, route_name="theme", permission=PagePermission.EVERYBODY)
