"""Transports of the core: console and memory."""

import logging
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from civicportal.core.messages import GatewayMisconfigured, Message, Receipt, SendError, UncertainDelivery
from civicportal.core.plugins import CORE, in_order
from civicportal.domain.notifications.outcomes import Outcome
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)
Script = Outcome | Callable[[Message], Outcome]


class Memory:
    """Messages sent by the transport "memory".

    :ivar sent: in order.
    :ivar script: outcomes of the next attempts, instead of a receipt.
    """

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.script: deque[Script] = deque()

    def take(self, message: Message) -> Receipt:
        """Return the scripted outcome and record sent messages."""
        step: Script = self.script.popleft() if self.script else Receipt(provider_id=f"memory-{message.id}")
        outcome = step(message) if callable(step) else step
        if not isinstance(outcome, Receipt):
            raise outcome
        self.sent.append(message)
        return outcome


def memory(site: "Site") -> Memory:
    """Return the in-memory transport of a site."""
    return site.cache.of(Memory)


def send(message: Message, site: "Site") -> Receipt | None:
    """Send with one of the core's transports.

    :returns: None when the site uses another.
    :raises SendError: scripted by a test.
    """
    if site.transport == "console":
        _show(message, site)
        return Receipt()
    return memory(site).take(message) if site.transport == "memory" else None


def _show(message: Message, site: "Site") -> None:
    """Log a sent message.

    Its text, including codes, is printed only on a developer's terminal.
    """
    to = site.country.mask_mobile(message.recipient)
    log.info("to %s by console: %s, %s letters", to, message.kind, len(message.text))
    if site.mode == "development":
        sys.stderr.write(f"\n--- SMS to {to} ---\n{message.text}\n---\n")


def ask(site: "Site", message: Message) -> Outcome:
    """Pass a message only to the plugin that the site's transport names.

    An unexpected exception means that the outcome is unknown.
    """
    implementation = _of_transport(site, "send_message")
    if implementation is None:
        return GatewayMisconfigured(
            _("no plugin sends by ${transport}", mapping={"transport": site.transport})
        )
    receipt: Receipt | None = implementation(message=message, site=site)
    return receipt or _not_taken(site)


def is_served(site: "Site") -> bool:
    """Return whether any plugin implements the site's transport."""
    return _of_transport(site, "send_message") is not None


def takes_many(site: "Site") -> bool:
    """Return whether the transport can send several messages."""
    return _of_transport(site, "send_messages") is not None


def ask_at_once(site: "Site", messages: Sequence[Message]) -> Sequence[Outcome]:
    """Pass messages of one text to the transport.

    :returns: their outcomes, in order.
    :raises SendError: the outcome of all of them; UncertainDelivery when there is not one outcome for each.
    """
    outcomes: Any = _of_transport(site, "send_messages")(messages=messages, site=site)
    if outcomes is None:
        raise _not_taken(site)
    known = [outcome for outcome in outcomes if isinstance(outcome, Receipt | SendError)]
    if len(known) != len(messages):
        values = {"answers": len(known), "messages": len(messages)}
        raise UncertainDelivery(
            _("${answers} answers of the transport to ${messages} messages", mapping=values)
        )
    return known


def _not_taken(site: "Site") -> GatewayMisconfigured:
    return GatewayMisconfigured(
        _("${transport} did not take the message", mapping={"transport": site.transport})
    )


def _of_transport(site: "Site", hook: str) -> Any:
    """Return the hook implementation of the site's transport.

    It is None if it has none.
    """
    owner = CORE if site.transport in ("console", "memory") else site.transport
    return next((found for name, found in in_order(site.hooks, hook) if name == owner), None)
