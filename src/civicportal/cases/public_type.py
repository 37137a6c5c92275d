"""The type of texts that everybody may read, and of the columns that hold them."""

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

CHECKED = object()
"""Handed to :class:`PublicText` by who has checked the text: :mod:`civicportal.cases.public_texts` alone."""


class PublicText(str):
    """A text that was checked and may be shown to everybody; made by ``PublicTexts`` only."""

    __slots__ = ()

    def __new__(cls, text: str, made_by: object = None) -> "PublicText":
        """Make one of a checked text.

        :raises TypeError: for anybody but :mod:`civicportal.cases.public_texts`.
        """
        if made_by is not CHECKED:
            raise TypeError("only PublicTexts makes a PublicText")
        return super().__new__(cls, text)


class PublicString(TypeDecorator[str]):
    """Column of texts that everybody reads: a text that was not checked cannot be written.

    ``PublicString(300)`` holds so many characters, ``PublicString()`` any number.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length
        if length is None:
            self.impl = Text()

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Refuse what is no :class:`PublicText`.

        :raises TypeError: for any other text.
        """
        if value is None or isinstance(value, PublicText):
            return value
        raise TypeError("a public text must be checked by PublicTexts first")

    def process_result_value(self, value: str | None, _dialect: Dialect) -> PublicText | None:
        """Return the text as it was checked."""
        return None if value is None else PublicText(value, CHECKED)
