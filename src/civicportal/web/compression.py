"""gzip for static responses and for pages."""

import gzip
from functools import lru_cache
from pathlib import Path

from pyramid.response import Response

from civicportal.web.request import Request

#: Suffixes of text files; pictures and fonts are compressed already.
TEXT = frozenset({".css", ".geojson", ".js", ".json", ".map", ".svg", ".txt"})
MOST_FILES = 512
LEAST_BYTES = 1_000
"""A response that fits into one packet anyway is not compressed."""
MOST_BYTES = 2_000_000
LEVEL = 5
"""Of 1 to 9."""


def takes_gzip(request: Request) -> bool:
    """Return whether the client accepts gzip."""
    accepted = request.accept_encoding
    return accepted.header_value is not None and bool(accepted.acceptable_offers(["gzip"]))


def small(body: bytes) -> bytes:
    """Return the bytes as gzip, deterministically."""
    return gzip.compress(body, mtime=0)


def compress(request: Request, response: Response) -> None:
    """Compress a response as gzip if the client accepts it.

    For complete responses without a strong ETag, which would be that of other bytes. The caller makes sure that the
    length tells no secret.
    """
    length = response.content_length
    whole = length is not None and LEAST_BYTES <= length <= MOST_BYTES
    weak = response.headers.get("ETag", "W/").startswith("W/")
    if whole and response.content_encoding is None and weak:
        response.vary = (*(response.vary or ()), "Accept-Encoding")
        if takes_gzip(request):
            response.body = gzip.compress(response.body, LEVEL, mtime=0)
            response.content_encoding = "gzip"


def small_file(path: Path) -> bytes:
    """Return a file as gzip, compressed once until it changes."""
    return _small_file(path, path.stat().st_mtime_ns)


@lru_cache(MOST_FILES)
def _small_file(path: Path, _changed: int) -> bytes:
    return small(path.read_bytes())
