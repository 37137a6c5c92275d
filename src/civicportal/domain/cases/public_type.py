"""The types of public texts and of their columns."""

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

CHECKED = object()
"""Passed to :class:`PublicText` only by :mod:`civicportal.domain.cases.public_texts`, which checks texts."""


class PublicText(str):
    """A checked text that may be public; created only by ``PublicTexts``."""

    __slots__ = ()

    def __new__(cls, text: str, made_by: object = None) -> "PublicText":
        """Create one from a checked text.

        :raises TypeError: when called outside :mod:`civicportal.domain.cases.public_texts`.
        """
        if made_by is not CHECKED:
            raise TypeError("only PublicTexts makes a PublicText")
        return super().__new__(cls, text)


class PublicString(TypeDecorator[str]):
    """Column of public texts: an unchecked text cannot be written.

    ``PublicString(300)`` limits the number of characters, ``PublicString()`` does not.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length
        if length is None:
            self.impl = Text()

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Refuse values other than :class:`PublicText`.

        :raises TypeError: for any other text.
        """
        if value is None or isinstance(value, PublicText):
            return value
        raise TypeError("a public text must be checked by PublicTexts first")

    def process_result_value(self, value: str | None, _dialect: Dialect) -> PublicText | None:
        """Return the text as a checked one."""
        return None if value is None else PublicText(value, CHECKED)
