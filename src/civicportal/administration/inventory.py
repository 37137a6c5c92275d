"""What every plugin brings to this site."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from civicportal import migrate
from civicportal.plugins import GROUP, in_order

if TYPE_CHECKING:
    from civicportal.plugins import PluginInfo
    from civicportal.work import Work

#: Hooks whose items are counted by their plugin.
COUNTED = {"messages": "register_messages", "jobs": "register_jobs"}


@dataclass(frozen=True, kw_only=True)
class PluginCard:
    """A plugin as the administrators' page shows it.

    :ivar titles: of its kinds of cases.
    :ivar counts: tables, pages, permissions, messages, jobs.
    :ivar behind: its tables do not fit its code.
    """

    name: str
    version: str
    titles: tuple[Any, ...]
    icon: str
    counts: Mapping[str, int]
    behind: bool


class Inventory:
    """Lists the plugins of the site, and those that are installed and sleep."""

    def __init__(self, work: "Work") -> None:
        self.site = work.site

    def cards(self) -> list[PluginCard]:
        """Return the plugins in the site's order."""
        behind = {state.name for state in migrate.pending(self.site)}
        return [self._card(info, behind=info.name in behind) for info in self.site.plugins]

    def sleeping(self) -> list[str]:
        """Return the plugins that are installed and not listed."""
        listed = {info.name for info in self.site.plugins}
        return sorted({entry.name for entry in entry_points(group=GROUP)} - listed)

    def _card(self, info: "PluginInfo", *, behind: bool) -> PluginCard:
        own = f"{info.name}:"
        kinds = [kind for kind in self.site.kinds.values() if kind.permission_prefix.startswith(own)]
        return PluginCard(
            name=info.name,
            version=info.version,
            titles=tuple(kind.title for kind in kinds),
            icon=kinds[0].icon if kinds else "puzzle",
            counts=dict(self._counts(info.name)),
            behind=behind,
        )

    def _counts(self, name: str) -> Iterator[tuple[str, int]]:
        models = self.site.models.get(name)
        yield "tables", len(models.metadata.tables) if models else 0
        owners: Mapping[str, str] = self.site.registry.route_owners
        yield "pages", sum(owner == name for owner in owners.values())
        yield "permissions", sum(one.startswith(f"{name}:") for one in self.site.permissions)
        for what, hook in COUNTED.items():
            implementations = dict(in_order(self.site.hooks, hook))
            yield (
                what,
                sum(1 for _ in implementations[name](site=self.site)) if name in implementations else 0,
            )
