"""What a check of the running site finds, and gathering it from core, plugins and site."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from civicportal.work import Work


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, and what to do.

    :ivar level: "error" keeps the portal from working rightly, "warning" may be meant so.
    """

    level: Literal["error", "warning"]
    place: str
    text: str
    remedy: str = ""


def look_over(work: "Work") -> Iterator[tuple[str, Finding]]:
    """Yield what core, plugins and site find wrong, each with the name of who found it."""
    from civicportal.plugins import in_order

    for name, look in in_order(work.site.hooks, "check_site"):
        for finding in look(work=work):
            yield name, finding
