"""The request of the portal: what its properties and methods return, for views and their helpers to be typed by."""

from typing import TYPE_CHECKING, Any

import pyramid.request

if TYPE_CHECKING:
    from pyramid.i18n import Localizer
    from translationstring import TranslationString

    from civicportal.security import Identity
    from civicportal.site import Site
    from civicportal.work import Work


class Request(pyramid.request.Request):
    """A request with what the portal adds to Pyramid's.

    The added properties are computed when first asked for: see :mod:`civicportal.web.requests` and
    :mod:`civicportal.web.csrf`. Pyramid and WebOb have no types of their own: what is theirs is ``Any``.

    :ivar site: the site that answers.
    :ivar work: the unit of work of the page; GET and HEAD read, every other method writes.
    :ivar display_work: the reading unit of work of a widget or a panel, while one is drawn.
    :ivar identity: who sends the request.
    :ivar session_token: of the session's cookie, None without one.
    :ivar csrf_token_value: for the forms of the page.
    :ivar locale_name: language of the page, such as "fa".
    :ivar text_direction: "rtl" or "ltr".
    """

    request_body_tempfile_limit = 1024 * 1024
    """Bytes; a smaller body stays in memory, so that a retried request reads it again. Pictures go to a file."""

    site: "Site"
    work: "Work"
    display_work: "Work"
    identity: "Identity"
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
            """Return a text in the language of the page, its digits too."""

        def safe_next(self, fallback: str = "/") -> str:
            """Return the page to go on to, if it is a path of this portal."""

        def ensure_session_token(self) -> str:
            """Return the token of the session, made if there is none."""

        def route_path(self, route_name: str, *elements: str, **values: Any) -> str:
            """Return the path of a route."""
