"""Pages about the portal itself."""

from itertools import groupby
from typing import Any

from civicportal import __version__
from civicportal.administration.inventory import Inventory
from civicportal.plugins import CORE


def plugins(request: Any) -> dict[str, Any]:
    """List the plugins with what they bring and what is not well with them."""
    inventory = request.work.get(Inventory)
    core, *cards = inventory.cards()
    findings = [(CORE, one) for one in (*core.findings, *inventory.of_site())]
    findings += [(card.name, one) for card in cards for one in card.findings]
    return {
        "version": __version__,
        "cards": cards,
        "core": core,
        "sleeping": inventory.sleeping(),
        "findings": [(name, list(group)) for name, group in groupby(findings, key=lambda found: found[0])],
        "errors": sum(one.level == "error" for _name, one in findings),
    }
