"""Data passed between the outbox, the worker and the transports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from translationstring import TranslationString

from civicportal.util.errors import CivicportalError
from civicportal.util.i18n import say

Lane = Literal["codes", "notices", "broadcasts"]
"""Queue of a message."""
COMMON_FIELDS = ("SITE", "HOST", "PHONE")
"""Placeholders that every text may use."""
CASE_FIELDS = ("TRACK", "STATUS", "UNIT", "DATE", "TIME", "NOTE")
"""Placeholders that the core fills in for changes of a case."""
MOST_AT_ONCE = 100
"""Maximum messages per call of a transport."""


@dataclass(frozen=True, kw_only=True)
class MessageText:
    """A text that a plugin sends.

    :ivar key: ``<kind>.<new state>`` or another name, for instance ``reports.registered``.
    :ivar title: for administrators.
    :ivar text: the wording, with placeholders in braces: ``{TRACK}``.
    :ivar fields: names of the placeholders it may use, besides ``SITE``, ``HOST`` and ``PHONE``. For a change of a case
        these are ``TRACK``, ``STATUS``, ``UNIT``, ``DATE``, ``TIME``, ``NOTE``, and those of
        ``CaseKind.message_fields``.
    :ivar parts: maximum number of SMS parts, for instance two for one with a note.
    """

    key: str
    title: TranslationString
    text: TranslationString
    fields: tuple[str, ...] = ("TRACK",)
    parts: int = 1

    @property
    def own_fields(self) -> frozenset[str]:
        """Return the placeholders that the core does not fill in."""
        return frozenset(self.fields) - {*COMMON_FIELDS, *CASE_FIELDS}


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message for a transport.

    :ivar recipient: E.164.
    :ivar fields: the values of the placeholders, each at most 25 UTF-16 units.
    :ivar maybe_sent: an earlier attempt was uncertain: look it up before sending again.
    :ivar provider_id: the provider's id of that attempt, if known.
    :ivar promised_at: when it was queued, aware; no provider can have it from before.
    :ivar locale: its language.
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
    """The provider accepted the message."""

    provider_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to an inbound message.

    An empty key means that a notification answers already.
    """

    kind: str
    fields: dict[str, str]


class SendError(CivicportalError):
    """Sending failed.

    :ivar words: the reason; stored masked with the message, and shown in the reader's language if it is
    translatable: ``_("the line ${line} is closed", mapping={"line": line})``.
    """

    def __init__(self, words: TranslationString | str) -> None:
        super().__init__(say(words))
        self.words = words


class TransientFailure(SendError):
    """A temporary failure: retry after a pause.

    :ivar retry_after: seconds requested by the provider, if any.
    """

    def __init__(self, words: TranslationString | str, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class GatewayMisconfigured(SendError):
    """Nothing can be sent until the configuration is corrected: the gate closes."""


class PermanentFailure(SendError):
    """This message can never be sent."""


class UncertainDelivery(SendError):
    """It is not known whether the message was sent."""


class LookupFailed(SendError):
    """The provider could not be asked whether an uncertain message was sent."""
