"""Findings about the files of seeds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from civicportal.core.checks import Finding
from civicportal.portal.seeds.services import SeedService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems of ``data/*.toml``, each with its remedy."""
    for problem in work.get(SeedService).problems():
        yield Finding(
            level="warning",
            place="site.data",
            text=_("a file of the site cannot be applied as it is: ${problem}", mapping={"problem": problem}),
            remedy=_("correct the file: what is wrong in it is refused by civicportal site load and apply"),
        )
