"""Challenges for unknown clients beyond a limit.

A ticket is a signed text that is not stored until it is used. It is bound to one browser and one form, may be used
once, and is passed by a proof of work like Hashcash (A. Back, "Hashcash - A Denial of Service Counter-Measure", 2002),
or by coming back after its time: a browser without scripts waits. The number of clients per minute that pass by waiting
is limited per network, so waiting with many tickets at once is not faster.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from civicportal.core.crypto import same

if TYPE_CHECKING:
    from civicportal.core.site import Site

PARTS = 8
"""Pieces of work of a ticket: the total time of several varies less than that of one large piece."""
BITS = 16
"""Leading zero bits of each piece: 2^16 hashes on average, 2^19 for a ticket."""
WAIT = timedelta(seconds=10)
LIFE = timedelta(minutes=15)

_ANSWER = re.compile(rf"\d{{1,10}}(\.\d{{1,10}}){{{PARTS - 1}}}")
_TICKET = re.compile(r"[0-9a-f]{20}\.\d{1,12}\.\d{1,2}\.[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Challenge:
    """A ticket for a page.

    :ivar ticket: the signed text that comes back with the form.
    :ivar nonce: hashed together with the number of a piece and the number to find.
    :ivar bits: leading zero bits that each hash must have.
    :ivar ready_at: when it passes without a proof of work.
    """

    ticket: str
    nonce: str
    bits: int
    ready_at: datetime
    parts: int = PARTS


@dataclass(frozen=True)
class _Read:
    nonce: str
    issued_at: datetime
    pressure: int

    @property
    def bits(self) -> int:
        return BITS + self.pressure

    @property
    def ready_at(self) -> datetime:
        return self.issued_at + WAIT * 2**self.pressure


class Challenges:
    """Issue and verify tickets."""

    def __init__(self, site: "Site") -> None:
        self._site = site

    def issue(self, limit: str, browser: str, path: str) -> Challenge:
        """Return a new ticket.

        :param limit: the limit that is used up: the more clients pass, the harder the challenge.
        :param browser: session token of the browser.
        :param path: path of the form.
        """
        pressure = self._site.limits.pressure(limit)
        # Whole seconds, because the ticket contains them.
        issued = int(self._site.clock.now().timestamp())
        body = f"{secrets.token_hex(10)}.{issued}.{pressure}"
        return self._shown(f"{body}.{self._mark(body, browser, path)}")

    def again(self, ticket: str, browser: str, path: str) -> Challenge | None:
        """Return a ticket that was sent too early, else None."""
        read = self._read(ticket, browser, path)
        return self._shown(ticket) if read else None

    def passes(self, ticket: str, answer: str, browser: str, path: str, address: str | None) -> bool:
        """Return whether a ticket is passed, and use it up if so.

        :param answer: the numbers found; empty from a browser that has waited.
        :param address: client address.
        :raises LimitExceeded: when too many have passed from its network by waiting; the ticket stays valid.
        """
        read = self._read(ticket, browser, path)
        if read is None:
            return False
        if not is_solved(read.nonce, read.bits, answer):
            if self._site.clock.now() < read.ready_at:
                return False
            self._site.limits.hit("challenge_waits", address)
        return self._site.limits.once(read.nonce, read.issued_at, read.issued_at + LIFE)

    def _read(self, ticket: str, browser: str, path: str) -> _Read | None:
        if not _TICKET.fullmatch(ticket):
            return None
        body, _, mark = ticket.rpartition(".")
        if not same(self._mark(body, browser, path), mark):
            return None
        read = _opened(body)
        return read if self._site.clock.now() < read.issued_at + LIFE else None

    def _mark(self, body: str, browser: str, path: str) -> str:
        return self._site.keys.mac("challenge", body, browser, path).hex()

    @staticmethod
    def _shown(ticket: str) -> Challenge:
        read = _opened(ticket.rpartition(".")[0])
        return Challenge(ticket, read.nonce, read.bits, read.ready_at)


def is_solved(nonce: str, bits: int, answer: str) -> bool:
    """Return whether every piece of work is solved.

    The SHA-256 of ``NONCE.PIECE.NUMBER`` must start with the required zero bits.
    """
    if not _ANSWER.fullmatch(answer) or not answer.isascii():
        return False
    return all(
        int.from_bytes(hashlib.sha256(f"{nonce}.{part}.{number}".encode()).digest()) >> (256 - bits) == 0
        for part, number in enumerate(answer.split("."))
    )


def _opened(body: str) -> _Read:
    nonce, issued, pressure = body.split(".")
    return _Read(nonce, datetime.fromtimestamp(int(issued), tz=UTC), int(pressure))
