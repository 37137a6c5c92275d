"""Problems: what the API answers instead of an error page (RFC 9457)."""

import json
from collections.abc import Iterable, Mapping
from typing import TypedDict

from pyramid.registry import Registry
from pyramid.response import Response
from translationstring import TranslationString

from civicportal.util.i18n import _, say
from civicportal.web.request import Request
from civicportal.web.rest.roots import ApiRoot, root_of

CONTENT_TYPE = "application/problem+json"
TITLES: dict[int, TranslationString] = {
    400: _("The request could not be read"),
    401: _("A token is needed"),
    403: _("This is not allowed"),
    404: _("There is nothing here"),
    405: _("This way of asking is not allowed"),
    406: _("There is no answer in this format"),
    409: _("This was changed in the meantime"),
    412: _("This was changed in the meantime"),
    413: _("Too much was sent"),
    415: _("This content type is not accepted"),
    422: _("Something in the request is not correct"),
    428: _("A header is missing"),
    429: _("Too many requests"),
    500: _("An error has occurred"),
    503: _("The portal cannot answer now"),
}


class Mistake(TypedDict, total=False):
    """One mistake of a request.

    :ivar pointer: the place in the body, a JSON pointer such as ``#/place/lat``.
    :ivar parameter: the parameter of the address.
    :ivar header: the header.
    :ivar detail: what is wrong, for people.
    :ivar words: words of a text that may be sent again in ``allowed``, if they are no names.
    """

    pointer: str
    parameter: str
    header: str
    detail: str
    words: list[str]


class Problem(Exception):
    """An operation of the API is refused.

    :ivar status: of the answer.
    :ivar detail: what is wrong, for people.
    :ivar errors: the mistakes one by one.
    :ivar headers: headers of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: TranslationString | str = "",
        *,
        errors: Iterable[Mistake] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)
        self.headers = dict(headers or {})


def api_root(registry: Registry, path: str) -> ApiRoot | None:
    """Return the address of programs to which a path belongs; None for a page, such as the reference of the API."""
    return None if path.rstrip("/") == "/api/v1" else root_of(registry, path)


def problem_response(
    _path: str, status: int, title: str, detail: str, errors: Iterable[Mistake] = ()
) -> Response:
    """Return the answer of the API to a refused call."""
    response = Response(problem_body(title, status, detail, errors), status=status)
    response.headers["Content-Type"] = CONTENT_TYPE
    return response


def problem_body(title: str, status: int, detail: str = "", errors: Iterable[Mistake] = ()) -> bytes:
    """Return the document of a problem."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if found := list(errors):
        body["errors"] = found
    return json.dumps(body, ensure_ascii=False).encode()


def said(request: Request, text: TranslationString | str) -> str:
    """Return a text in the caller's language.

    Digits stand as they are written, because a text may name what to send; numbers in it have those of the language.
    """
    return say(text, request.localizer)


def problem(
    request: Request,
    status: int,
    detail: TranslationString | str = "",
    *,
    errors: Iterable[Mistake] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer of a refused request, in the caller's language."""
    title, told = said(request, TITLES.get(status, TITLES[400])), said(request, detail)
    root = api_root(request.registry, request.path)
    if root is None or errors:
        response = problem_response(request.path, status, title, told, errors)
    else:
        response = root.refuse(request.path, status, title, told)
    response.headers["Content-Language"] = request.locale_name
    response.cache_control = "no-store"
    response.headers.update(headers or {})
    return response


def refused(error: Problem, request: Request) -> Response:
    """Answer a :class:`Problem`."""
    return problem(request, error.status, error.detail, errors=error.errors, headers=error.headers)
