"""Records of the provider's lists."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from civicportal.api.forms import Values
from civicportal.api.notifications import TransientFailure
from civicportal_sms_ir.i18n import _

log = logging.getLogger(__name__)
Item = TypeVar("Item")
# Python raises OSError for a timestamp that is too large for the system.
_UNKNOWN_FORM = (KeyError, TypeError, ValueError, OverflowError, OSError)


class UnexpectedResponse(TransientFailure):
    """A response has an unexpected format."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A sent message in the provider's reports.

    :ivar mobile: E.164.
    :ivar state: of its delivery: 1 delivered … 8 unclear; None if unknown.
    :ivar arrived_at: when it reached that state, if the provider says.
    """

    message_id: str
    mobile: str
    text: str
    sent_at: datetime
    state: int | None
    arrived_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A bulk call in the provider's list of today."""

    pack_id: str
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class Received:
    """An inbound message.

    :ivar mobile: E.164, or the digits of another kind of sender.
    """

    mobile: str
    text: str
    received_at: datetime

    @property
    def name(self) -> str:
        """Return a unique name of a message.

        The provider's two lists have different ids for the same message, or none.
        """
        content = f"{self.mobile}\n{self.received_at.timestamp():.0f}\n{self.text}"
        return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def every(make: Callable[[Any], Item], data: Iterable[Any]) -> list[Item]:
    """Parse each item of a list.

    :raises UnexpectedResponse: when the response has an unexpected format.
    """
    try:
        return [make(item) for item in data]
    except _UNKNOWN_FORM:
        raise UnexpectedResponse(_("an answer in an unknown form")) from None


def readable(make: Callable[[Any], Item], data: object) -> list[Item]:
    """Parse the valid items of a list.

    The list is returned only once, so invalid items are skipped.

    :raises UnexpectedResponse: when it is no list.
    """
    if not isinstance(data, list):
        raise UnexpectedResponse(_("an answer in an unknown form"))
    return [item for one in data for item in _read(make, one)]


def _read(make: Callable[[Any], Item], data: object) -> Iterator[Item]:
    try:
        yield make(data)
    except _UNKNOWN_FORM as problem:
        # The exception's message may contain a person's number.
        log.error("a record in an unknown form was left out: %s", type(problem).__name__)


def record_of(data: Values) -> Record:
    """Parse a sent message."""
    state, arrived = data["deliveryState"], data.get("deliveryDateTime")
    return Record(
        message_id=str(int(data["messageId"])),
        mobile=_e164(data["mobile"]),
        text=str(data["messageText"]),
        sent_at=datetime.fromtimestamp(data["sendDateTime"], UTC),
        state=None if state is None else int(state),
        arrived_at=datetime.fromtimestamp(arrived, UTC) if arrived else None,
    )


def pack_of(data: Values) -> Pack:
    """Parse a bulk call."""
    made_at = datetime.fromtimestamp(data["creationDateTime"], UTC)
    return Pack(pack_id=str(data["packId"]), made_at=made_at)


def received_of(data: Values) -> Received:
    """Parse an inbound message."""
    return Received(
        mobile=_e164(data["mobile"]),
        text=str(data["messageText"]),
        received_at=datetime.fromtimestamp(data["receivedDateTime"], UTC),
    )


def line_of(data: float | str) -> int:
    """Parse the number of a line."""
    return int(data)


def _e164(mobile: float | str) -> str:
    # Numbers come without their leading zero.
    digits = str(int(mobile))
    return f"+98{digits}" if len(digits) == 10 and digits.startswith("9") else digits
