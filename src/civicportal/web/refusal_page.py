"""The error page of the first check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from wsgiref.types import WSGIEnvironment

from pyramid.i18n import Localizer, TranslationString
from pyramid.registry import Registry
from pyramid.response import Response
from webob.acceptparse import create_accept_language_header

from civicportal.core.site import Site
from civicportal.core.translations import make_localizer
from civicportal.util.i18n import _, text_direction
from civicportal.web.rest.problems import TITLES, api_root
from civicportal.web.rest.roots import ApiRoot

__all__ = ["RefusalPage"]

_UNREADABLE = (
    _("The request could not be read"),
    _("The browser sent something that this page does not accept. Go back and try again."),
)
_TEXTS = {
    400: _UNREADABLE,
    405: (_("This way of asking is not allowed"), _("This address accepts only pages and forms.")),
    413: (_("Too much was sent"), _("Send fewer or smaller files, or a shorter text.")),
    415: _UNREADABLE,
    429: (
        _("Too many pictures"),
        _(
            "Many pictures have come from your network. Go back and send the form without pictures, or try again later."
        ),
    ),
}
_STYLES = ("tokens.css", "portal.css", "citizen.css")


class RefusalPage:
    """Build the error responses of one application."""

    def __init__(self, registry: Registry) -> None:
        self._site: Site | None = getattr(registry, "site", None)
        self._files = getattr(registry, "static_files", None)
        self._registry = registry

    def __call__(self, status: int, environ: WSGIEnvironment, headers: Mapping[str, str]) -> Response:
        """Return the response of a status.

        It is a page, or JSON with a `message` for scripts that accept it; below ``/api/`` a problem.
        """
        if root := api_root(self._registry, environ.get("PATH_INFO", "")):
            return self._document(root, status, environ, headers)
        title, advice = map(self._text, _TEXTS[status])
        if "application/json" in environ.get("HTTP_ACCEPT", ""):
            body, kind = json.dumps({"message": f"{title}. {advice}"}), "application/json"
        else:
            body, kind = self._page(title, advice), "text/html"
        response = Response(body, status=status, content_type=kind, charset="utf-8")
        response.cache_control = "no-store"
        response.headers.update(headers)
        return response

    def _document(
        self, root: ApiRoot, status: int, environ: WSGIEnvironment, headers: Mapping[str, str]
    ) -> Response:
        """Return the answer to a program, in the caller's language."""
        accepted = create_accept_language_header(environ.get("HTTP_ACCEPT_LANGUAGE"))
        languages = self._site.languages if self._site else ()
        locale = accepted.lookup([*languages], default=self._localizer().locale_name)
        title = self._localizer(locale).translate(TITLES[status])
        response = root.refuse(environ.get("PATH_INFO", ""), status, title, "")
        response.cache_control = "no-store"
        response.headers.update(headers)
        return response

    def _page(self, title: str, advice: str) -> str:
        locale = self._localizer().locale_name
        direction = text_direction(locale)
        home = escape(self._text(_("Home page")))
        return (
            f'<!doctype html>\n<html lang="{escape(locale)}" dir="{direction}" data-bs-theme="light">\n'
            '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(title)}</title>\n{self._styles(direction)}"
            '<main class="wrap-n pt-4"><section class="card-x empty">\n'
            f'<h1 class="h-page">{escape(title)}</h1>\n<p class="muted mt-2">{escape(advice)}</p>\n'
            f'<p class="mt-3"><a class="btn btn-primary" href="/">{home}</a></p>\n'
            "</section></main>\n"
        )

    def _styles(self, direction: str) -> str:
        if self._files is None:
            return ""
        bootstrap = "vendor/bootstrap.rtl.min.css" if direction == "rtl" else "vendor/bootstrap.min.css"
        folder = f"/static/core/{self._files.digest('core')}"
        paths = [*(f"{folder}/{name}" for name in (bootstrap, *_STYLES)), "/theme.css"]
        links = "".join(f'<link rel="stylesheet" href="{path}">\n' for path in paths)
        return f'<script src="{folder}/js/theme-early.js"></script>\n{links}'

    def _text(self, message: TranslationString) -> str:
        return str(self._localizer().translate(message))

    def _localizer(self, locale: str | None = None) -> Localizer:
        return self._site.localizer(locale) if self._site else make_localizer("en", ())
