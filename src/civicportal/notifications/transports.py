"""The transports of the core: the console of demo and development, the memory of tests."""

import logging
import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from civicportal.notifications.outcomes import Outcome
from civicportal.notifications.types import Configuration, Message, Receipt
from civicportal.plugins import CORE, in_order

if TYPE_CHECKING:
    from civicportal.site import Site

log = logging.getLogger(__name__)
Script = Outcome | Callable[[Message], Outcome]


class Memory:
    """What was sent by the transport "memory".

    :ivar sent: the messages it took, in their order.
    :ivar script: what the next attempts come to, instead of a receipt.
    """

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.script: deque[Script] = deque()

    def take(self, message: Message) -> Receipt:
        """Answer as the script says; keep what was taken."""
        step: Script = self.script.popleft() if self.script else Receipt(provider_id=f"memory-{message.id}")
        outcome = step(message) if callable(step) else step
        if not isinstance(outcome, Receipt):
            raise outcome
        self.sent.append(message)
        return outcome


_memories: "WeakKeyDictionary[Site, Memory]" = WeakKeyDictionary()


def memory(site: "Site") -> Memory:
    """Return the memory of a site."""
    return _memories.setdefault(site, Memory())


def send(message: Message, site: "Site") -> Receipt | None:
    """Send by one of the core's transports; None when the site names another.

    :raises SendError: as a test has scripted it.
    """
    if site.transport == "console":
        _show(message, site)
        return Receipt()
    return memory(site).take(message) if site.transport == "memory" else None


def _show(message: Message, site: "Site") -> None:
    """Tell the log that a message went out; whoever develops reads its words, codes too, in the terminal only."""
    to = site.country.mask_mobile(message.recipient)
    log.info("to %s by console: %s, %s letters", to, message.kind, len(message.text))
    if site.mode == "development":
        sys.stderr.write(f"\n--- SMS to {to} ---\n{message.text}\n---\n")


def ask(site: "Site", message: Message) -> Outcome:
    """Hand a message to the one plugin that the site's transport names, and nobody else.

    An error that is none of ours leaves unknown whether the message went out.
    """
    owner = CORE if site.transport in ("console", "memory") else site.transport
    for name, implementation in in_order(site.hooks, "send_message"):
        if name == owner:
            receipt: Receipt | None = implementation(message=message, site=site)
            return receipt or Configuration(f"the transport {site.transport!r} did not take the message")
    return Configuration(f"no plugin sends by the transport {site.transport!r}")
