"""Secret values, never redisplayed, stored or logged.

A field is secret because of its type. :class:`~civicportal.web.forms.BoundForm` never stores its value, so that
no template, draft or pending form can show it; error pages that redisplay a submitted form omit it by
:data:`SECRET_FIELDS`.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import colander

from civicportal.util.i18n import _
from civicportal.util.persian import compact
from civicportal.web.schema.base import Scalar
from civicportal.web.schema.text import at_least

SECRET_FIELDS: set[str] = set()
"""The names of every field of a secret type, in every schema of this process; filled by :class:`Secret` alone."""


class SecretText(str):
    """A secret value: a string whose ``repr`` is masked."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'********'"


class Secret(Scalar):
    """Base of the types whose values are secret; subclasses validate in ``read``."""

    def named(self, name: str) -> None:
        """Register the name of a field of this type."""
        SECRET_FIELDS.add(name)

    def deserialize(self, node: colander.SchemaNode, cstruct: object) -> Any:
        """See :class:`Scalar`; the value is a :class:`SecretText`."""
        value = super().deserialize(node, cstruct)
        return value if value is colander.null else SecretText(value)

    def serialize(self, node: colander.SchemaNode, appstruct: object) -> Any:
        """Return nothing: a secret is never redisplayed."""
        return colander.null


class Password(Secret):
    """A password of ``min`` to ``max`` characters, composed (NFKC) and otherwise unchanged."""

    def __init__(self, min: int = 1, max: int = 128) -> None:
        self.min, self.max = min, max
        self.longest = 2 * max

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the password; raise :class:`colander.Invalid` for one too short or too long."""
        return _of_length(node, unicodedata.normalize("NFKC", text), self.min, self.max)


class RecoveryCodeString(Secret):
    """A recovery code: ten letters and digits, in any grouping."""

    missing_msg = _("Please write the code.")

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the code without spaces.

        :raises colander.Invalid: when it is too short or too long.
        """
        return _of_length(node, compact(text), 10, 20)


def _of_length(node: colander.SchemaNode, text: str, least: int, most: int) -> str:
    if len(text) > most:
        raise colander.Invalid(node, _("This is too long."))
    if len(text) < least:
        raise colander.Invalid(node, at_least(least))
    return text
