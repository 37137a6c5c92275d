"""The part of the first check that reads: query string, forms, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from civicportal.forms.groups import files_name

__all__ = ["FILE", "JSON_DEPTH", "Refused", "check_body", "check_query"]

FILE = "file"
"""The field of a picture that a script sends by itself; the fields of a form are named by ``files_name``."""
JSON_DEPTH = 20

_CHUNK = 1024 * 1024
_LINE_BREAK = re.compile(r"[\x00\r\n]")
_FORM = ("", "application/x-www-form-urlencoded", "multipart/form-data")
_LOWER = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in range(256))
_SPACE = b" \t\r\n\x0b\x0c"
_NESTED = b"content-type:multipart/"
_REPLACEMENT = "\ufffd"
# Possessive, and content with a string that never ends: no input makes it look at a character twice.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_JSON_NUL = re.compile(r"(?<!\\)(?:\\\\)*+\\u0000")


class Refused(Exception):
    """The request ends here.

    :ivar status: 400, 405 or 413.
    """

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


def check_query(request: Any, field_limit: int) -> None:
    """Check the query string: UTF-8, no NUL, no line break, at most `field_limit` fields.

    :raises Refused: 400.
    """
    query = request.environ.get("QUERY_STRING", "")
    _count_fields(query.count("&"), field_limit)
    try:
        text = _decode(query.encode("latin-1"))
    except UnicodeError:
        raise Refused(400, "query is not UTF-8") from None
    if _LINE_BREAK.search(text):
        raise Refused(400, "control character in the query")


def check_body(request: Any, field_limit: int, *, files: bool) -> None:
    """Check a form or a JSON body; other types are their view's business.

    The server hands over whole bodies, and ``pyramid_retry`` has made this one readable more than once.

    :param files: the page takes files, in the fields that are named for them: every other field is a text, and a view
        need not look.
    :raises Refused: 400.
    """
    content_type = request.content_type.lower()
    if content_type in _FORM and request.charset != "UTF-8":
        raise Refused(400, "charset of the form")
    if request.environ["REQUEST_METHOD"] != "POST":
        return
    if content_type == "multipart/form-data":
        _check_multipart(request, field_limit, files)
    elif content_type in _FORM:
        _check_urlencoded(request, field_limit)
    elif content_type == "application/json" or content_type.endswith("+json"):
        _check_json(request.body)


def _check_urlencoded(request: Any, field_limit: int) -> None:
    body = request.body
    _count_fields(body.count(b"&"), field_limit)
    try:
        text = _decode(body)
    except UnicodeError:
        raise Refused(400, "form is not UTF-8") from None
    if "\x00" in text:
        raise Refused(400, "NUL in the form")
    _check_fields(_parsed(request))


def _check_multipart(request: Any, field_limit: int, files: bool) -> None:
    parts, nested, replacements = _scan(request.body_file_raw)
    _count_fields(parts, field_limit)
    if nested:
        raise Refused(400, "multipart within multipart")
    fields = _parsed(request)
    if not all(isinstance(value, str) or (files and _takes_files(name)) for name, value in fields):
        raise Refused(400, "a file where none is taken")
    # The parser puts a replacement character for every wrong byte: more of them than came in means wrong bytes.
    if sum(text.count(_REPLACEMENT) for text in _check_fields(fields)) > replacements:
        raise Refused(400, "form is not UTF-8")


def _takes_files(name: Any) -> bool:
    return isinstance(name, str) and (name == FILE or name.endswith(files_name("")))


def _scan(body: BinaryIO) -> tuple[int, bool, int]:
    """Return lines that may open a part, whether a part is itself multipart, and replacement characters."""
    parts = replacements = 0
    nested = False
    line_tail = squeezed_tail = sign_tail = b""
    body.seek(0)
    while chunk := body.read(_CHUNK):
        parts += (line_tail + chunk).count(b"\n--")
        replacements += (sign_tail + chunk).count(_REPLACEMENT.encode())
        line_tail = sign_tail = chunk[-2:]
        # A header may be folded at any space: look for it where there is none.
        squeezed = squeezed_tail + chunk.translate(_LOWER, _SPACE)
        nested = nested or _NESTED in squeezed
        squeezed_tail = squeezed[-len(_NESTED) :]
    body.seek(0)
    return parts, nested, replacements


def _parsed(request: Any) -> list[tuple[Any, Any]]:
    try:
        return list(request.POST.items())
    except Exception:  # the parser trusts its input: Value-, Type-, Key-, Lookup- and more errors
        raise Refused(400, "broken form") from None


def _check_fields(fields: Iterable[tuple[Any, Any]]) -> list[str]:
    """Check names and values, and return all text there is in them."""
    texts = []
    for name, value in fields:
        filename = getattr(value, "filename", None)
        if value == b"":  # a file field in which nothing was chosen
            value = ""
        if not isinstance(name, str) or not (isinstance(value, str) or filename):
            raise Refused(400, "broken form")
        if _LINE_BREAK.search(name) or (filename and _LINE_BREAK.search(filename)):
            raise Refused(400, "control character in a field's name")
        if isinstance(value, str) and "\x00" in value:
            raise Refused(400, "NUL in the form")
        texts += [name, filename or value]
    return texts


def _check_json(body: bytes) -> None:
    try:
        text = body.decode("utf-8")
        if max(_depths(text), default=0) > JSON_DEPTH:
            raise Refused(400, "JSON is nested too deeply")
        # Written out again, escapes of NUL and of half characters show.
        clean = json.dumps(json.loads(text), ensure_ascii=False, allow_nan=False)
        clean.encode("utf-8")
    except (ValueError, RecursionError):
        raise Refused(400, "broken JSON") from None
    if _JSON_NUL.search(clean):
        raise Refused(400, "NUL in JSON")


def _depths(text: str) -> Iterator[int]:
    depth = 0
    for match in _JSON_TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        yield depth


def _count_fields(separators: int, field_limit: int) -> None:
    if separators >= field_limit:
        raise Refused(400, "too many fields")


def _decode(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
