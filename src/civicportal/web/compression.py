"""gzip for static responses: styles, scripts, SVG, the map.

Pages are not compressed: an attacker who can inject text could infer secrets from the length (BREACH).
"""

import gzip
from functools import lru_cache
from pathlib import Path

from civicportal.web.request import Request

#: Suffixes of text files; pictures and fonts are compressed already.
TEXT = frozenset({".css", ".geojson", ".js", ".json", ".map", ".svg", ".txt"})
MOST_FILES = 512


def takes_gzip(request: Request) -> bool:
    """Return whether the client accepts gzip."""
    accepted = request.accept_encoding
    return accepted.header_value is not None and bool(accepted.acceptable_offers(["gzip"]))


def small(body: bytes) -> bytes:
    """Return the bytes as gzip, deterministically."""
    return gzip.compress(body, mtime=0)


def small_file(path: Path) -> bytes:
    """Return a file as gzip, compressed once until it changes."""
    return _small_file(path, path.stat().st_mtime_ns)


@lru_cache(MOST_FILES)
def _small_file(path: Path, _changed: int) -> bytes:
    return small(path.read_bytes())
