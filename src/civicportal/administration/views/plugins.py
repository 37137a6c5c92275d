"""Pages about the portal itself."""

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
        "findings": sorted(findings, key=lambda found: found[1].level),
        "errors": sum(one.level == "error" for _name, one in findings),
    }
