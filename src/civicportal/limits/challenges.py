"""What a stranger does to go on while a ceiling is reached: a short computation, or a wait.

A ticket is a signed text and stands nowhere until it is used. It is bound to one browser and one form, may be used once, and
is passed by a proof of work, after the manner of Hashcash (A. Back, "Hashcash - A Denial of Service Counter-Measure", 2002),
or by coming back after its time: a browser without scripts waits. Of those who wait only so many a minute pass from one
network, so that waiting with many tickets at once is no quicker.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from civicportal.crypto import same

if TYPE_CHECKING:
    from civicportal.site import Site

PARTS = 8
"""Pieces of work of a ticket: their sum takes more even a time than one large piece."""
BITS = 16
"""Leading zero bits of each piece: 2^16 hashes on average, 2^19 for a ticket."""
WAIT = timedelta(seconds=10)
LIFE = timedelta(minutes=15)

_ANSWER = re.compile(rf"\d{{1,10}}(\.\d{{1,10}}){{{PARTS - 1}}}")
_TICKET = re.compile(r"[0-9a-f]{20}\.\d{1,12}\.\d{1,2}\.[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Challenge:
    """A ticket as a page shows it.

    :ivar ticket: the signed text that comes back with the form.
    :ivar nonce: what is hashed, with the number of a piece and a number that is looked for.
    :ivar bits: leading zero bits that each hash must have.
    :ivar ready_at: when it passes by itself.
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
    """Makes tickets and takes them."""

    def __init__(self, site: "Site") -> None:
        self._site = site

    def issue(self, limit: str, browser: str, path: str) -> Challenge:
        """Return a fresh ticket.

        :param limit: that is used up: the more strangers pass, the more work it is.
        :param browser: token of the browser's session.
        :param path: of the form.
        """
        pressure = self._site.limits.pressure(limit)
        # Whole seconds: the ticket names them.
        issued = int(self._site.clock.now().timestamp())
        body = f"{secrets.token_hex(10)}.{issued}.{pressure}"
        return self._shown(f"{body}.{self._mark(body, browser, path)}")

    def again(self, ticket: str, browser: str, path: str) -> Challenge | None:
        """Return a ticket that came back too early, to be shown once more; None where it is worth nothing."""
        read = self._read(ticket, browser, path)
        return self._shown(ticket) if read else None

    def passes(self, ticket: str, answer: str, browser: str, path: str, address: str | None) -> bool:
        """Tell whether a ticket lets its form through, and use it up then.

        :param answer: the numbers that were looked for, empty from a browser that has waited.
        :param address: where the request comes from.
        :raises TooMany: when enough have passed from its network by waiting; the ticket stays good.
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
    """Tell whether every piece of work has its number: SHA-256 of ``NONCE.PIECE.NUMBER`` begins with so many zero bits."""
    if not _ANSWER.fullmatch(answer) or not answer.isascii():
        return False
    return all(
        int.from_bytes(hashlib.sha256(f"{nonce}.{part}.{number}".encode()).digest()) >> (256 - bits) == 0
        for part, number in enumerate(answer.split("."))
    )


def _opened(body: str) -> _Read:
    nonce, issued, pressure = body.split(".")
    return _Read(nonce, datetime.fromtimestamp(int(issued), tz=UTC), int(pressure))
