"""What a form is made of besides its fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from translationstring import TranslationString

ALLOWED, NOTICED = "allowed", "noticed"
"""Names of what stands below a field in which personal data was found: words that are no names, a warning that was read."""
TakeFiles = Callable[[list[Any]], list[str]]


class FormInvalid(Exception):
    """The form was refused; its errors are in the form."""


class FileRefused(Exception):
    """A picture was refused.

    :ivar message: says why, to the person who sent it.
    :ivar later: nothing is wrong with the picture: it may be sent again in a moment.
    """

    def __init__(self, message: TranslationString, *, later: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.later = later


@dataclass(frozen=True, kw_only=True)
class Button:
    """A submit button; ``name`` and ``value`` are sent where several buttons tell apart what to do."""

    title: TranslationString
    name: str = ""
    value: str = ""
    css_class: str = "btn-primary btn-lg"


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One line of the error summary; ``oid`` is empty where no visible field is to blame."""

    oid: str
    label: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """A highlighted part of a field's text with its context.

    :ivar kind: the kind of finding.
    :ivar start: index of its first character in the text.
    :ivar end: index after its last character.
    :ivar word: a word that can be ticked as harmless; empty for none.
    """

    kind: str
    before: str
    found: str
    behind: str
    start: int
    end: int
    word: str
