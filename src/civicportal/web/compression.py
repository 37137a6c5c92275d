"""What everybody may have travels small: styles, scripts, drawings, the map.

Pages do not: whoever can put words into one would learn its secrets from its length (BREACH), and a page is the smaller part.
"""

import gzip
from functools import lru_cache
from pathlib import Path

from civicportal.web.request import Request

#: Endings of files that are text; pictures and fonts are small already.
TEXT = frozenset({".css", ".geojson", ".js", ".json", ".map", ".svg", ".txt"})
MOST_FILES = 512


def takes_gzip(request: Request) -> bool:
    """Return whether the browser said that it reads gzip."""
    accepted = request.accept_encoding
    return accepted.header_value is not None and bool(accepted.acceptable_offers(["gzip"]))


def small(body: bytes) -> bytes:
    """Return the bytes as gzip, the same for the same bytes."""
    return gzip.compress(body, mtime=0)


def small_file(path: Path) -> bytes:
    """Return a file as gzip; it is compressed once, and again when it has changed."""
    return _small_file(path, path.stat().st_mtime_ns)


@lru_cache(MOST_FILES)
def _small_file(path: Path, _changed: int) -> bytes:
    return small(path.read_bytes())
