"""Parts of a form besides its fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol, runtime_checkable

from translationstring import TranslationString

from civicportal.util.errors import Refused

ALLOWED, NOTICED = "allowed", "noticed"
"""Names of the checkboxes below a field with personal data: words that are not names, a warning that was read."""


@runtime_checkable
class UploadedFile(Protocol):
    """A file of a form, see :class:`civicportal.web.multipart.FormFile`.

    :ivar file: its content.
    """

    file: IO[bytes]


QUEUE_KEY = "queue_key"
QUEUE = "queue"
"""Queue of flash messages with the keys of forms that have left the browser's queue."""
"""Name of the idempotency key that the queue of the browser gives a form."""

TakeFiles = Callable[[list[UploadedFile]], list[str]]
"""Function that stores uploaded files and returns their keys."""


class FormInvalid(Exception):
    """The form is invalid; it contains the errors."""


class FileRefused(Refused):
    """A picture was refused.

    :ivar later: the picture is valid and can be sent again in a moment.
    """

    def __init__(self, reason: TranslationString, *, later: bool = False) -> None:
        super().__init__(reason)
        self.later = later


@dataclass(frozen=True, kw_only=True)
class Button:
    """A submit button; ``name`` and ``value`` distinguish several."""

    title: TranslationString
    name: str = ""
    value: str = ""
    css_class: str = "btn-primary btn-lg"


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One line of the error summary.

    ``oid`` is empty without a visible field.

    :ivar carried: hidden fields of a warning: names and values with which the same text is accepted.
    """

    oid: str
    label: str
    message: str
    carried: tuple[tuple[str, str], ...] = ()


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
