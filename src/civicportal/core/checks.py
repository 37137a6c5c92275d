"""Findings about the running site, collected from core, plugins and site."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from translationstring import TranslationString

if TYPE_CHECKING:
    from civicportal.core.work import Work


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem and its remedy.

    :ivar level: "error" prevents correct operation, "warning" may be intended.
    :ivar place: its subject: a path in the site's file, a unit, a kind of cases.
    :ivar remedy: commands are written as they are typed.
    """

    level: Literal["error", "warning"]
    place: str
    text: TranslationString | str
    remedy: TranslationString | str = ""


def collect_findings(work: "Work") -> Iterator[tuple[str, Finding]]:
    """Yield the findings of core, plugins and site with their owners."""
    from civicportal.core.plugins import in_order

    for name, look in in_order(work.site.hooks, "check_site"):
        for finding in look(work=work):
            yield name, finding
