"""Texts written by people: cleaned, normalised, limited in characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import colander
from pyramid.i18n import TranslationString

from civicportal.util.i18n import _
from civicportal.util.persian import compact, store
from civicportal.web.schema.base import Scalar

_NEWLINES = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_BLANKS = re.compile(r"\s+")
# Control characters other than tab and newline, and the two that XML does not allow: an export would fail on them.
# Tag characters (U+E0000 to U+E007F) encode an invisible text.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff\U000e0000-\U000e007f]")
MOST_MARKS = 4
"""Combining marks per letter: Arabic with all its vowel signs has three, Vietnamese two; more only cover other lines.
"""


def at_least(count: int) -> TranslationString:
    """Return the error for a text that is too short."""
    return _("Please write at least ${count} characters.", mapping={"count": count})


def limit_marks(text: str) -> str:
    """Return a text with at most ``MOST_MARKS`` combining marks per letter."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for sign in text:
        kind = unicodedata.category(sign)
        # Invisible characters, such as a joiner, do not start a new letter.
        if kind[0] == "M":
            marks += 1
        elif kind != "Cf":
            marks = 0
        if kind[0] != "M" or marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


class CleanText(Scalar):
    """Text of ``min`` to ``max`` characters after :func:`civicportal.util.persian.store`.

    One line unless ``multiline``: then line breaks stay, as ``\\n``. Persian joiners are kept, bidi controls dropped.
    """

    def __init__(self, min: int = 0, max: int = 200, *, multiline: bool = False) -> None:
        self.min, self.max, self.multiline = min, max, multiline
        # Normalising long runs of combining marks takes quadratic time, so the raw text is limited too.
        self.longest = 2 * max + 64

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> Any:
        """See :class:`Scalar`; a text without visible characters counts as empty."""
        value = super().deserialize(node, cstruct)
        return value or colander.null

    def text(self, node: colander.SchemaNode, cstruct: object) -> str:
        """See :class:`Scalar`."""
        if isinstance(cstruct, str) and len(cstruct) > self.longest:
            raise self.too_long(node)
        return super().text(node, cstruct)

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the cleaned text.

        :raises colander.Invalid: when it is too short or too long.
        """
        text = _UNPRINTABLE.sub("", _NEWLINES.sub("\n", text))
        text = limit_marks(store(text if self.multiline else _BLANKS.sub(" ", text)))
        if len(text) > self.max:
            raise self.too_long(node)
        if text and len(text) < self.min:
            raise colander.Invalid(node, at_least(self.min))
        return text

    def too_long(self, node: colander.SchemaNode) -> colander.Invalid:
        """Return the error for a text over the limit."""
        return colander.Invalid(
            node, _("Please write at most ${count} characters.", mapping={"count": self.max})
        )


class Identifier(Scalar):
    """A technical name, such as a user name: ASCII letters, digits, ``. _ -``.

    Lower case.
    """

    def __init__(self, min: int = 1, max: int = 64) -> None:
        self.pattern = re.compile(rf"[a-z0-9][a-z0-9._-]{{{min - 1},{max - 1}}}")

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the name; raise :class:`colander.Invalid` for anything else."""
        name = compact(text).lower()
        if not self.pattern.fullmatch(name):
            raise colander.Invalid(node, _("Use Latin letters, digits, dot, hyphen and underscore only."))
        return name
