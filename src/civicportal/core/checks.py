"""What a check of the running site finds, and gathering it from core, plugins and site."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from translationstring import TranslationString

if TYPE_CHECKING:
    from civicportal.core.work import Work


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, and what to do.

    :ivar level: "error" keeps the portal from working rightly, "warning" may be meant so.
    :ivar place: what it is about: a path in the site's file, a unit, a kind of cases.
    :ivar remedy: a command stands there as it is typed.
    """

    level: Literal["error", "warning"]
    place: str
    text: TranslationString | str
    remedy: TranslationString | str = ""


def look_over(work: "Work") -> Iterator[tuple[str, Finding]]:
    """Yield what core, plugins and site find wrong, each with the name of who found it."""
    from civicportal.core.plugins import in_order

    for name, look in in_order(work.site.hooks, "check_site"):
        for finding in look(work=work):
            yield name, finding
