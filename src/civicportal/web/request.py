"""The request type of the portal, for views and their helpers."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import pyramid.request
from pyramid.response import Response

if TYPE_CHECKING:
    from transaction import TransactionManager
    from translationstring import TranslationString
    from webob.multidict import MultiDict

    from civicportal.core.limits import Requester
    from civicportal.core.security import ApiToken, Identity
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.web.feeds import Feed

API = "/api/"
"""Prefix of the paths for programs."""


class KeptForm(Protocol):
    """A form whose input can be kept, and restored on a later page: a :class:`~civicportal.web.forms.BoundForm`."""

    def draft(self) -> dict[str, list[str]]:
        """Return the texts of the form."""


class Request(pyramid.request.Request):
    """Pyramid's request with the properties that the portal adds.

    The added properties are computed on first use: see :mod:`civicportal.web.requests` and
    :mod:`civicportal.web.csrf`.

    :ivar POST: the fields of a form. They are texts: a file is refused except in the fields named for files, see
    :mod:`civicportal.web.request_body`.

    :ivar site: the site.
    :ivar work: the unit of work of the page; read-only for GET and HEAD.
    :ivar display_work: the read-only unit of work of the widget or panel being rendered.
    :ivar identity: who sends the request.
    :ivar requester: who is counted by limits.
    :ivar days_off: weekdays on which the city does not work; 0 is Monday.
    :ivar session_token: token in the session cookie, None without one and below ``/api/``.
    :ivar token: the valid token of a program below ``/api/``; None without one.
    :ivar csrf_token_value: CSRF token for the forms of the page.
    :ivar offline_pages: paths of the pages that open without a network.
    :ivar offline_owner: owner of the pages and the queue in this browser, a keyed hash.
    :ivar locale_name: language of the page, such as "fa".
    :ivar text_direction: "rtl" or "ltr".
    :ivar framed_by: hosts whose pages may embed the response, set by a view; none by default.
    :ivar navigation: the links of the layouts, see :mod:`civicportal.portal.dashboard.navigation`.
    """

    request_body_tempfile_limit = 1024 * 1024
    """Bytes; a smaller body stays in memory, so that a retried request can read it again. Pictures go to a file."""

    framed_by: Sequence[str] = ()
    site: "Site"
    work: "Work"
    display_work: "Work"
    identity: "Identity"
    requester: "Requester"
    days_off: frozenset[int]
    session_token: str | None
    csrf_token_value: str
    offline_owner: str
    offline_pages: list[str]
    locale_name: str
    text_direction: str
    navigation: object

    @property
    def is_api(self) -> bool:
        """Return whether a program calls: below ``/api/`` and the like tokens count and cookies do not."""
        prefixes: tuple[str, ...] = getattr(self.registry, "api_prefixes", (API,))
        return str(self.environ.get("PATH_INFO", "")).startswith(prefixes)

    if TYPE_CHECKING:
        POST: MultiDict[str]
        tm: TransactionManager
        token: ApiToken | None

        def translate(self, text: "TranslationString | str") -> str:
            """Return a text in the language and the digits of the page."""

        def safe_next(self, fallback: str = "/") -> str:
            """Return the page to continue to, only a path of this portal."""

        def ensure_session_token(self) -> str:
            """Return the token of the session, created if there is none."""

        def upload_owner(self) -> str:
            """Return the owner of this browser's uploads.

            A visitor without a session cookie gets one.
            """

        def feed(
            self, *, title: str, about: str, author: str, language: str, home: str, address: str
        ) -> Feed:
            """Return an empty feed of a public list, see :func:`civicportal.web.feeds.feed`."""

        def ask_proof(self, form: "KeptForm | None" = None, *, back: str = "") -> Response | None:
            """Return the page that asks who one is, see :func:`civicportal.domain.accounts.step_up.prove`."""

        def take_files(self, files: Sequence[object]) -> list[str]:
            """Store pictures submitted with a form, see :func:`civicportal.domain.cases.uploads.take_files`."""


ViewResult = Response | Mapping[str, object]
"""What a view returns: a response, the variables of its template, or the fields of its JSON document."""
Handler = Callable[[Request], Response]
"""What a tween calls for the response: the next tween, or the views."""
