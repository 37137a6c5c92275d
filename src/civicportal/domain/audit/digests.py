"""Digests of a row's texts, covered by its seal.

A text may be emptied later without breaking the seal; a changed one no longer matches its digest. The digests are
keyed, so that a short name cannot be guessed from them.
"""

import json
from datetime import datetime

from civicportal.core.crypto import Keys, same
from civicportal.domain.audit.models import SealedRow

DIGITS = 32
"""Hex digits of one digest."""


def digest_words(keys: Keys, row: SealedRow) -> str:
    """Return the concatenated digests of a row's texts."""
    return "".join(_digest(keys, row, name) for name in row.__words__)


def changed_words(keys: Keys, row: SealedRow) -> list[str]:
    """Return the columns whose texts are neither empty nor unchanged."""
    kept = [row.digests[start : start + DIGITS] for start in range(0, len(row.digests), DIGITS)]
    return [
        name
        for name, digest in zip(row.__words__, kept, strict=False)
        if _written(getattr(row, name)) and not same(digest, _digest(keys, row, name))
    ]


def sealed_line(row: SealedRow) -> str:
    """Return the data of a row covered by a seal."""
    facts = [_plain(getattr(row, name)) for name in row.__stable__]
    return json.dumps([row.id, *facts, row.digests], ensure_ascii=False)


def _digest(keys: Keys, row: SealedRow, name: str) -> str:
    return keys.mac("audit:words", name, _written(getattr(row, name))).hex()[:DIGITS]


def _written(value: object) -> str:
    if not value:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
