"""What went wrong with a message: kept once, told to each reader in their own language."""

import json
from typing import Any

from translationstring import TranslationString

from civicportal.i18n import _, say
from civicportal.logging import mask

LONGEST = 300
"""Characters that a column has for it."""


def keep(words: TranslationString | str) -> str:
    """Return words as a column holds them, with numbers of people masked.

    A text whose fields are filled in could be looked up no more: it is kept beside their values.
    """
    if not isinstance(words, TranslationString) or not words.mapping:
        return mask(words)[:LONGEST]
    kept = json.dumps(_parts(words), ensure_ascii=False)
    # A part of it could not be read: what is too long is kept in English.
    return kept if len(kept) <= LONGEST else mask(say(words))[:LONGEST]


def told(kept: str, localizer: Any = None) -> str:
    """Return what :func:`keep` has kept in a language; in English without one."""
    return say(words(kept), localizer)


def words(kept: str) -> TranslationString | str:
    """Return what :func:`keep` has kept, to be told in any language."""
    try:
        return _words(json.loads(kept))
    except (ValueError, TypeError, AttributeError):
        return _(kept)


def _parts(words: Any) -> Any:
    if not isinstance(words, TranslationString):
        return mask(str(words))
    return [str(words), {name: _parts(value) for name, value in (words.mapping or {}).items()}]


def _words(parts: Any) -> TranslationString | str:
    if isinstance(parts, str):
        return parts
    text, values = parts
    return _(text, mapping={name: _words(value) for name, value in values.items()})
