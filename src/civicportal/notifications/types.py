"""Values that pass between the outbox, the worker and the transports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from translationstring import TranslationString

from civicportal.errors import CivicportalError
from civicportal.i18n import say

Lane = Literal["codes", "notices", "broadcasts"]
MOST_AT_ONCE = 100
"""Messages that a transport is given in one call."""


@dataclass(frozen=True, kw_only=True)
class MessageText:
    """A text that a plugin sends.

    :ivar key: ``<kind>.<state reached>`` or another name, for instance ``reports.registered``.
    :ivar title: what an administrator reads beside the text.
    :ivar text: the wording, with fields in braces: ``{TRACK}``.
    :ivar fields: names of the fields the wording may use.
    :ivar parts: so many parts of an SMS it may take, for instance two of one with a note.
    """

    key: str
    title: TranslationString
    text: TranslationString
    fields: tuple[str, ...] = ("TRACK",)
    parts: int = 1


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a transport is asked to send.

    :ivar recipient: E.164.
    :ivar fields: the values of the text's fields, each 25 UTF-16 units at most.
    :ivar maybe_sent: an earlier attempt ended uncertain: look it up before sending again.
    :ivar provider_id: what the provider called it then, if it said so.
    :ivar promised_at: aware; no provider can have it from before.
    :ivar locale: the language it is written in.
    """

    id: int
    kind: str
    lane: Lane
    recipient: str
    text: str
    fields: dict[str, str]
    attempts: int = 1
    maybe_sent: bool = False
    provider_id: str | None = None
    promised_at: datetime | None = None
    locale: str = ""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The provider took the message."""

    provider_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to an inbound message: the key of a text and its fields; an empty key when a notice answers already."""

    kind: str
    fields: dict[str, str]


class SendError(CivicportalError):
    """Sending failed.

    :ivar words: why; kept masked beside the message, and told in the language of whoever looks at it if they are
        translatable: ``_("the line ${line} is closed", mapping={"line": line})``.
    """

    def __init__(self, words: TranslationString | str) -> None:
        super().__init__(say(words))
        self.words = words


class Transient(SendError):
    """It may work later: try again after a pause.

    :ivar retry_after: seconds the provider asked for, if it did.
    """

    def __init__(self, words: TranslationString | str, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class Configuration(SendError):
    """Nothing will go out until somebody mends the settings: the gate closes."""


class Permanent(SendError):
    """This message will never go out."""


class Uncertain(SendError):
    """Nobody knows whether it went out."""


class CannotTell(SendError):
    """The provider could not be asked whether an uncertain message went out."""
