"""Checks of the query string, forms and JSON of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import unquote_to_bytes

from webob.cookies import parse_cookie

from civicportal.web.forms.groups import files_name
from civicportal.web.multipart import FormTooLarge, MalformedForm, read_multipart, use_form
from civicportal.web.request import Request

__all__ = [
    "FILE",
    "JSON_DEPTH",
    "MULTIPART",
    "RequestRefused",
    "check_body",
    "check_query",
    "is_json",
    "keep_readable_cookies",
]

FILE = "file"
"""Name of the field in which a script uploads a picture; fields of forms are named by ``files_name``."""
JSON_DEPTH = 20
JSON_VALUES = 4000
"""Maximum members of lists and objects, counted before parsing; commas within strings count as well."""
MULTIPART = "multipart/form-data"

_LINE_BREAK = re.compile(r"[\x00\r\n]")
_FORM = ("", "application/x-www-form-urlencoded", MULTIPART)
# Possessive, and matches unterminated strings: no input causes backtracking.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
# RFC 6265 §4.1.1; a value has the characters that WebOb accepts, or is quoted.
_COOKIE = re.compile(r"""[!#$%&'*+.^_`|~\w-]+=("[ !#-:<-~]*"|[\w~!@#$%^&*()+=.?|:/{}<>'`-]*)""", re.ASCII)
_JSON_NUL = re.compile(r"(?<!\\)(?:\\\\)*+\\u0000")


class RequestRefused(Exception):
    """The request is refused.

    :ivar status: 400, 405, 413, 415 or 429.
    :ivar headers: headers of the response.
    """

    def __init__(self, status: int, what: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(what)
        self.status = status
        self.headers = dict(headers or {})


def check_query(request: Request, field_limit: int) -> None:
    """Check the query string.

    :raises RequestRefused: 400.
    """
    query = request.environ.get("QUERY_STRING", "")
    _count_fields(query.count("&"), field_limit)
    try:
        text = _decode(query.encode("latin-1"))
    except UnicodeError:
        raise RequestRefused(400, "query is not UTF-8") from None
    try:
        # WebOb decodes "%+0" as NUL, and "% d" as a line break.
        fields = [part for field in request.GET.items() for part in field]
    except ValueError:
        raise RequestRefused(400, "broken query") from None
    if any(map(_LINE_BREAK.search, (text, *fields))):
        raise RequestRefused(400, "control character in the query")


def keep_readable_cookies(request: Request) -> None:
    """Remove the cookies that are invalid by RFC 6265 or not UTF-8.

    WebOb raises an error for a value that is not UTF-8, whichever cookie is read, and takes quadratic time for a long
    text without "=": 1.6 CPU seconds for 16 KB, and the server accepts headers of 256 KiB. The request is not refused:
    a browser would send them again with every request.
    """
    header = request.environ.get("HTTP_COOKIE", "")
    if header:
        parts = (part.strip() for part in header.split(";"))
        request.environ["HTTP_COOKIE"] = "; ".join(part for part in parts if _is_cookie(part))


def check_body(request: Request, field_limit: int, *, files: bool, names: Collection[str] = ()) -> None:
    """Check a form or a JSON body.

    ``request.POST`` then returns the checked form.

    The server passes on complete bodies, and ``pyramid_retry`` has made this one seekable.

    :param files: whether the page accepts files, in the fields named for them; every other field is a text, so views
        need not check.
    :param names: further names of fields for files.
    :raises RequestRefused: 400, 413, or 415 for a type that no page accepts.
    """
    content_type = request.content_type.lower()
    if content_type in _FORM and request.charset != "UTF-8":
        raise RequestRefused(400, "charset of the form")
    if request.environ["REQUEST_METHOD"] != "POST":
        return
    if content_type == MULTIPART:
        _check_multipart(request, field_limit, files, names)
    elif content_type in _FORM:
        _check_urlencoded(request, field_limit)
    elif is_json(content_type):
        _check_json(request.body)
    elif request.content_length:
        raise RequestRefused(415, "content type")


def is_json(content_type: str) -> bool:
    """Return whether a body of this type, without its parameters, is JSON."""
    return content_type in ("application/json", "application/csp-report") or content_type.endswith("+json")


def _check_urlencoded(request: Request, field_limit: int) -> None:
    body = request.body
    _count_fields(body.count(b"&"), field_limit)
    try:
        text = _decode(body)
    except UnicodeError:
        raise RequestRefused(400, "form is not UTF-8") from None
    if "\x00" in text:
        raise RequestRefused(400, "NUL in the form")
    try:
        fields = list(request.POST.items())
    except Exception:  # The parser trusts its input: ValueError, TypeError, KeyError, LookupError and others.
        raise RequestRefused(400, "broken form") from None
    _check_fields(fields)


def _check_multipart(request: Request, field_limit: int, files: bool, names: Collection[str]) -> None:
    request.make_body_seekable()
    try:
        form = read_multipart(
            request.body_file_raw,
            request.content_length or 0,
            request.headers["Content-Type"],
            most_parts=field_limit,
        )
    except FormTooLarge as error:
        raise RequestRefused(413, f"form: {error}") from None
    except MalformedForm as error:
        raise RequestRefused(400, f"form: {error}") from None
    use_form(request, form)
    if not all(
        isinstance(value, str) or (files and (_takes_files(name) or name in names))
        for name, value in form.items()
    ):
        raise RequestRefused(400, "a file where none is taken")
    _check_fields(form.items())


def _is_cookie(part: str) -> bool:
    if not _COOKIE.fullmatch(part):
        return False
    try:
        # Decode escapes such as "\\054" for a comma.
        return "\\" not in part or all(
            value.decode("utf-8") is not None for _name, value in parse_cookie(part)
        )
    except UnicodeError:
        return False


def _takes_files(name: str) -> bool:
    return isinstance(name, str) and (name == FILE or name.endswith(files_name("")))


def _check_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Check names and values."""
    for name, value in fields:
        filename = getattr(value, "filename", None)
        if value == b"":  # a file field without a chosen file
            value = ""
        if not isinstance(name, str) or not (isinstance(value, str) or filename):
            raise RequestRefused(400, "broken form")
        if _LINE_BREAK.search(name) or (filename and _LINE_BREAK.search(filename)):
            raise RequestRefused(400, "control character in a field's name")
        if isinstance(value, str) and "\x00" in value:
            raise RequestRefused(400, "NUL in the form")


def _check_json(body: bytes) -> None:
    if sum(body.count(sign) for sign in (b",", b"[", b"{")) > JSON_VALUES:
        raise RequestRefused(400, "too many values in JSON")
    try:
        text = body.decode("utf-8")
        if max(_depths(text), default=0) > JSON_DEPTH:
            raise RequestRefused(400, "JSON is nested too deeply")
        # Serialised again to reveal escapes of NUL and of lone surrogates.
        clean = json.dumps(json.loads(text), ensure_ascii=False, allow_nan=False)
        clean.encode("utf-8")
    except (ValueError, RecursionError):
        raise RequestRefused(400, "broken JSON") from None
    if _JSON_NUL.search(clean):
        raise RequestRefused(400, "NUL in JSON")


def _depths(text: str) -> Iterator[int]:
    depth = 0
    for match in _JSON_TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        yield depth


def _count_fields(separators: int, field_limit: int) -> None:
    if separators >= field_limit:
        raise RequestRefused(400, "too many fields")


def _decode(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
