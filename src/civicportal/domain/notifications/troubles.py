"""Reasons of failed messages: stored once, displayed in each reader's language."""

import json
from typing import Any

from pyramid.i18n import Localizer
from translationstring import TranslationString

from civicportal.core.logging import mask
from civicportal.util.i18n import _, say

LONGEST = 300
"""Maximum characters of the column."""


def keep(words: TranslationString | str) -> str:
    """Return a reason as stored, with masked numbers.

    A translatable text is stored with its values, since a rendered one could not be translated any more.
    """
    if not isinstance(words, TranslationString) or not words.mapping:
        return mask(words)[:LONGEST]
    kept = json.dumps(_parts(words), ensure_ascii=False)
    # Truncation would make it unreadable, so a text that is too long is stored in English.
    return kept if len(kept) <= LONGEST else mask(say(words))[:LONGEST]


def localized_reason(kept: str, localizer: Localizer | None = None) -> str:
    """Return a stored reason in a language, in English without one."""
    return say(words(kept), localizer)


def words(kept: str) -> TranslationString | str:
    """Return a reason stored by :func:`keep` as a translatable text."""
    try:
        return _words(json.loads(kept))
    except (ValueError, TypeError, AttributeError):
        return _(kept)


def _parts(words: object) -> object:
    if not isinstance(words, TranslationString):
        return mask(str(words))
    return [str(words), {name: _parts(value) for name, value in (words.mapping or {}).items()}]


def _words(parts: Any) -> TranslationString | str:
    if isinstance(parts, str):
        return parts
    text, values = parts
    return _(text, mapping={name: _words(value) for name, value in values.items()})
