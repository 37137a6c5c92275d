"""The transports of the core: the console of demo and development, the memory of tests."""

import logging
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from civicportal.i18n import _
from civicportal.notifications.outcomes import Outcome
from civicportal.notifications.types import Configuration, Message, Receipt, SendError, Uncertain
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


def memory(site: "Site") -> Memory:
    """Return the memory of a site."""
    return site.memory.of(Memory)


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
    implementation = _of_transport(site, "send_message")
    if implementation is None:
        return Configuration(_("no plugin sends by ${transport}", mapping={"transport": site.transport}))
    receipt: Receipt | None = implementation(message=message, site=site)
    return receipt or _not_taken(site)


def is_served(site: "Site") -> bool:
    """Return whether anybody sends by the site's transport."""
    return _of_transport(site, "send_message") is not None


def takes_many(site: "Site") -> bool:
    """Return whether the site's transport can send several messages of one text in one call."""
    return _of_transport(site, "send_messages") is not None


def ask_at_once(site: "Site", messages: Sequence[Message]) -> Sequence[Outcome]:
    """Hand messages of one text to the site's transport, which takes many.

    :returns: what came of each, in their order.
    :raises SendError: what came of all of them; Uncertain when the answer is not one for each.
    """
    outcomes: Any = _of_transport(site, "send_messages")(messages=messages, site=site)
    if outcomes is None:
        raise _not_taken(site)
    known = [outcome for outcome in outcomes if isinstance(outcome, Receipt | SendError)]
    if len(known) != len(messages):
        values = {"answers": len(known), "messages": len(messages)}
        raise Uncertain(_("${answers} answers of the transport to ${messages} messages", mapping=values))
    return known


def _not_taken(site: "Site") -> Configuration:
    return Configuration(_("${transport} did not take the message", mapping={"transport": site.transport}))


def _of_transport(site: "Site", hook: str) -> Any:
    """Return the implementation by the one plugin that the site's transport names, or None."""
    owner = CORE if site.transport in ("console", "memory") else site.transport
    return next((found for name, found in in_order(site.hooks, hook) if name == owner), None)
