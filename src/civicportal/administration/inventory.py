"""What every plugin brings to this site, and what of it is not well."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from civicportal import __version__, migrate
from civicportal.checks import Finding, look_over
from civicportal.plugins import CORE, GROUP, in_order

if TYPE_CHECKING:
    from civicportal.work import Work

#: Hooks whose items are counted by their plugin.
COUNTED = {"permissions": "register_permissions", "messages": "register_messages", "jobs": "register_jobs"}


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
    findings: tuple[Finding, ...]
    behind: bool


class Inventory:
    """Lists the core, the plugins of the site, and those that are installed and sleep."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.site = work.site

    def cards(self) -> list[PluginCard]:
        """Return the core, then the plugins in the site's order."""
        found = self._findings()
        behind = {state.name for state in migrate.pending(self.site)}
        versions = {CORE: __version__, **{info.name: info.version for info in self.site.plugins}}
        return [
            self._card(name, version, found.get(name, ()), migrated=name not in behind)
            for name, version in versions.items()
        ]

    def of_site(self) -> tuple[Finding, ...]:
        """Return what the site's own package finds."""
        return tuple(self._findings().get("site", ()))

    def sleeping(self) -> list[str]:
        """Return the plugins that are installed and not listed."""
        listed = {info.name for info in self.site.plugins}
        return sorted({entry.name for entry in entry_points(group=GROUP)} - listed)

    def _card(self, name: str, version: str, findings: Any, *, migrated: bool) -> PluginCard:
        kinds = [kind for kind in self.site.kinds.values() if kind.permission_prefix.startswith(f"{name}:")]
        return PluginCard(
            name=name,
            version=version,
            titles=tuple(kind.title for kind in kinds),
            icon=kinds[0].icon if kinds else "puzzle",
            counts=dict(self._counts(name)),
            findings=tuple(findings),
            behind=not migrated,
        )

    def _counts(self, name: str) -> Iterator[tuple[str, int]]:
        models = self.site.models.get(name)
        yield "tables", len(models.metadata.tables) if models else 0
        owners: Mapping[str, str] = self.site.registry.route_owners
        yield "pages", sum(owner == name for owner in owners.values())
        for what, hook in COUNTED.items():
            implementations = dict(in_order(self.site.hooks, hook))
            yield (
                what,
                sum(1 for _ in implementations[name](site=self.site)) if name in implementations else 0,
            )

    def _findings(self) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for name, finding in look_over(self.work):
            found.setdefault(name, []).append(finding)
        return found
