"""The request type of the portal, for views and their helpers."""

from typing import TYPE_CHECKING, Any

import pyramid.request

if TYPE_CHECKING:
    from pyramid.i18n import Localizer
    from translationstring import TranslationString

    from civicportal.core.limits import Requester
    from civicportal.core.security import Identity
    from civicportal.core.site import Site
    from civicportal.core.work import Work


class Request(pyramid.request.Request):
    """Pyramid's request with the properties that the portal adds.

    The added properties are computed on first use: see :mod:`civicportal.web.requests` and
    :mod:`civicportal.web.csrf`. Pyramid and WebOb are not typed: their attributes are ``Any``.

    :ivar site: the site.
    :ivar work: the unit of work of the page; read-only for GET and HEAD.
    :ivar display_work: the read-only unit of work of the widget or panel being rendered.
    :ivar identity: who sends the request.
    :ivar requester: who is counted by limits.
    :ivar days_off: weekdays on which the city does not work; 0 is Monday.
    :ivar session_token: token in the session cookie, None without one.
    :ivar csrf_token_value: CSRF token for the forms of the page.
    :ivar locale_name: language of the page, such as "fa".
    :ivar text_direction: "rtl" or "ltr".
    """

    request_body_tempfile_limit = 1024 * 1024
    """Bytes; a smaller body stays in memory, so that a retried request can read it again. Pictures go to a file."""

    site: "Site"
    work: "Work"
    display_work: "Work"
    identity: "Identity"
    requester: "Requester"
    days_off: frozenset[int]
    session_token: str | None
    csrf_token_value: str
    locale_name: str
    localizer: "Localizer"
    text_direction: str
    matchdict: dict[str, str]
    method: str
    path: str
    path_qs: str

    if TYPE_CHECKING:

        def translate(self, text: "TranslationString | str") -> str:
            """Return a text in the language and the digits of the page."""

        def safe_next(self, fallback: str = "/") -> str:
            """Return the page to continue to, if it is a path of this portal."""

        def ensure_session_token(self) -> str:
            """Return the token of the session, created if there is none."""

        def route_path(self, route_name: str, *elements: str, **values: Any) -> str:
            """Return the path of a route."""
