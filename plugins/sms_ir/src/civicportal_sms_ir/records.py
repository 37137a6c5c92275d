"""What the provider's lists hold."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from civicportal.api import Transient, _

log = logging.getLogger(__name__)
Item = TypeVar("Item")
# Python raises OSError for a timestamp that is too large for the system.
_UNKNOWN_FORM = (KeyError, TypeError, ValueError, OverflowError, OSError)


class Unreadable(Transient):
    """An answer has another form than it should."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A message as the provider's reports show it.

    :ivar mobile: E.164.
    :ivar state: of its delivery: 1 arrived … 8 unclear; None while nobody knows.
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
    """A bulk call as the provider's list of today shows it."""

    pack_id: str
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message that was sent to a line.

    :ivar mobile: E.164, or the digits of whatever else sent it.
    """

    mobile: str
    text: str
    received_at: datetime

    @property
    def name(self) -> str:
        """Return what tells it from others: the provider's two lists number the same message differently, or not at all."""
        content = f"{self.mobile}\n{self.received_at.timestamp():.0f}\n{self.text}"
        return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def every(make: Callable[[Any], Item], data: Any) -> list[Item]:
    """Read each item of a list.

    :raises Unreadable: when the answer has another form than it should.
    """
    try:
        return [make(item) for item in data]
    except _UNKNOWN_FORM:
        raise Unreadable(_("an answer in an unknown form")) from None


def readable(make: Callable[[Any], Item], data: Any) -> list[Item]:
    """Read the items of a list that is shown only once: one that cannot be read takes none of the others with it.

    :raises Unreadable: when it is no list.
    """
    if not isinstance(data, list):
        raise Unreadable(_("an answer in an unknown form"))
    return [item for one in data for item in _read(make, one)]


def _read(make: Callable[[Any], Item], data: Any) -> Iterator[Item]:
    try:
        yield make(data)
    except _UNKNOWN_FORM as problem:
        # Its own words may hold the number of a person.
        log.error("a record in an unknown form was left out: %s", type(problem).__name__)


def record_of(data: Any) -> Record:
    """Read a sent message."""
    state, arrived = data["deliveryState"], data.get("deliveryDateTime")
    return Record(
        message_id=str(int(data["messageId"])),
        mobile=_e164(data["mobile"]),
        text=str(data["messageText"]),
        sent_at=datetime.fromtimestamp(data["sendDateTime"], UTC),
        state=None if state is None else int(state),
        arrived_at=datetime.fromtimestamp(arrived, UTC) if arrived else None,
    )


def pack_of(data: Any) -> Pack:
    """Read a bulk call."""
    made_at = datetime.fromtimestamp(data["creationDateTime"], UTC)
    return Pack(pack_id=str(data["packId"]), made_at=made_at)


def received_of(data: Any) -> Received:
    """Read a received message."""
    return Received(
        mobile=_e164(data["mobile"]),
        text=str(data["messageText"]),
        received_at=datetime.fromtimestamp(data["receivedDateTime"], UTC),
    )


def line_of(data: Any) -> int:
    """Read the number of a line."""
    return int(data)


def _e164(mobile: Any) -> str:
    # Numbers come without their leading zero.
    digits = str(int(mobile))
    return f"+98{digits}" if len(digits) == 10 and digits.startswith("9") else digits
