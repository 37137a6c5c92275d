"""Parsing of multipart forms (RFC 7578) with limits.

WebOb parses them with ``cgi.FieldStorage``, line by line and without a limit: 42 MiB of newlines cost 14 CPU seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from webob.multidict import MultiDict

from civicportal.web.request import Request

__all__ = ["FormFile", "FormTooLarge", "MalformedForm", "close_form", "read_multipart", "use_form"]

CHUNK = 64 * 1024
HEADER_BYTES = 1024
"""Maximum of one header of a part: a file name has at most 255 bytes."""
HEADERS = 8
BOUNDARY_CHARACTERS = 70
"""RFC 2046 §5.1.1."""
TEXT_BYTES = 1024 * 1024
"""Maximum of all texts of a form together, the same as for a form without files."""
IN_MEMORY = 64 * 1024
"""Bytes of a file that are kept in memory before it goes to disk."""
_PARSED = "webob._parsed_post_vars"


class MalformedForm(ValueError):
    """The body is not a form that a browser sends."""


class FormTooLarge(ValueError):
    """The texts of the form are too long."""


@dataclass(eq=False)
class FormFile:
    """A file of a form.

    :ivar filename: file name sent by the browser; never used as a path.
    :ivar type: content type sent by the browser.
    :ivar file: its content, at the start; closed after the response.
    """

    filename: str
    type: str
    file: IO[bytes]


def read_multipart(body: BinaryIO, length: int, content_type: str, *, most_parts: int) -> MultiDict[object]:
    """Return the fields of a form in order.

    :param body: seekable.
    :param length: of the body in bytes.
    :param content_type: header of the request, with the boundary.
    :raises FormTooLarge: for more than 1 MiB of text; no more of the body is read.
    :raises MalformedForm: for more than `most_parts` parts, and for anything that browsers never send; texts and
        headers must be UTF-8.
    """
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not 0 < len(boundary) <= BOUNDARY_CHARACTERS or not boundary.isascii() or not boundary.isprintable():
        raise MalformedForm("boundary")
    fields: MultiDict[object] = MultiDict()
    try:
        with PushMultipartParser(
            boundary,
            _without_last_break(body, length),
            max_header_size=HEADER_BYTES,
            max_header_count=HEADERS,
            max_segment_count=most_parts,
            # Refuse text before the first part and folded headers: they cost time, and browsers never send them.
            strict=True,
        ) as parser:
            _read(parser, body, fields)
    except MultipartError as error:
        _close(fields)
        raise MalformedForm(str(error)) from None
    except Exception:
        _close(fields)
        raise
    return fields


def use_form(request: Request, fields: MultiDict[object]) -> None:
    """Make ``request.POST`` return `fields`, as long as the body is the same."""
    request.environ[_PARSED] = (fields, request.body_file_raw)


def close_form(request: Request) -> None:
    """Close and delete the files of a request's form."""
    _close(request.environ.get(_PARSED, ({},))[0])


def _close(fields: Mapping[str, object]) -> None:
    for value in fields.values():
        if isinstance(value, FormFile):
            value.file.close()


def _read(parser: PushMultipartParser, body: BinaryIO, fields: MultiDict[object]) -> None:
    texts, room = bytearray(), TEXT_BYTES
    part: MultipartSegment | None = None
    file: FormFile | None = None
    for event in parser.parse_blocking(body.read, CHUNK):
        if isinstance(event, MultipartSegment):
            part, file = event, None
            _check(part)
            texts.clear()
            if part.filename:
                file = FormFile(part.filename, part.content_type or "", _spooled())
                fields.add(part.name, file)
        elif event and file:
            file.file.write(event)
        elif event:
            texts += event
            if len(texts) > room:
                raise FormTooLarge("text")
        elif file:
            file.file.seek(0)
        elif part:
            room -= len(texts)
            fields.add(part.name, _text(part, bytes(texts)))


def _spooled() -> IO[bytes]:
    return SpooledTemporaryFile(max_size=IN_MEMORY)


def _check(part: MultipartSegment) -> None:
    if not part.name:
        raise MalformedForm("a part without a name")
    if (part.content_type or "").startswith("multipart/"):
        raise MalformedForm("multipart within multipart")
    if (part.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise MalformedForm("charset of a part")
    # RFC 7578 §4.7: senders should not generate it, and browsers do not.
    if part.header("Content-Transfer-Encoding", "binary").lower() not in ("7bit", "8bit", "binary"):
        raise MalformedForm("transfer encoding of a part")


def _text(part: MultipartSegment, raw: bytes) -> str | bytes:
    # A file field without a chosen file; WebOb returns empty bytes for it.
    if part.filename == "" and not raw:
        return raw
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        raise MalformedForm("form is not UTF-8") from None


def _without_last_break(body: BinaryIO, length: int) -> int:
    """Return the length of a body without the line break after its last boundary, which the strict parser refuses."""
    with suppress(OSError):
        body.seek(max(0, length - 2))
        if body.read(2) == b"\r\n":
            length -= 2
    body.seek(0)
    return length
