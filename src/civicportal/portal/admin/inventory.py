"""Contents of each plugin on this site."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.core.installed import installed_plugins
from civicportal.core.migration.state import pending, sleeping
from civicportal.core.plugins import in_order
from civicportal.domain.cases.kinds import kinds_of

if TYPE_CHECKING:
    from civicportal.core.plugins import PluginInfo
    from civicportal.core.work import Work

#: Hooks whose items are counted for each plugin.
COUNTED = {"messages": "register_messages", "jobs": "register_jobs"}


@dataclass(frozen=True, kw_only=True)
class PluginCard:
    """A plugin on the administrators' page.

    :ivar titles: of its kinds of cases, or of its settings.
    :ivar hooks: those it implements.
    :ivar tables: their names.
    :ivar behind: its tables do not match its code.
    """

    name: str
    version: str
    titles: tuple[TranslationString, ...]
    icon: str
    hooks: tuple[str, ...]
    tables: tuple[str, ...]
    behind: bool


@dataclass(frozen=True, kw_only=True)
class UnlistedPlugin:
    """A plugin that the site does not list.

    :ivar installed: its distribution is installed.
    :ivar tables: its tables are still in the database.
    """

    name: str
    installed: bool
    tables: bool


class Inventory:
    """List the enabled and the disabled plugins of the site."""

    def __init__(self, work: "Work") -> None:
        self.site = work.site

    def cards(self) -> list[PluginCard]:
        """Return the plugins in the site's order."""
        behind = {state.name for state in pending(self.site)}
        return [self._card(info, behind=info.name in behind) for info in self.site.plugins]

    def sleeping(self) -> list[UnlistedPlugin]:
        """Return unlisted plugins that are installed or have tables."""
        installed = installed_plugins()
        left = set(sleeping(self.site))
        names = sorted((installed | left) - {info.name for info in self.site.plugins})
        return [UnlistedPlugin(name=name, installed=name in installed, tables=name in left) for name in names]

    def _card(self, info: "PluginInfo", *, behind: bool) -> PluginCard:
        own = f"{info.name}:"
        kinds = [kind for kind in kinds_of(self.site).values() if kind.permission_prefix.startswith(own)]
        models = self.site.models.get(info.name)
        settings = dict(in_order(self.site.hooks, "register_settings")).get(info.name)
        schema = settings() if settings else None
        own_title = (schema.title,) if schema is not None and schema.title else ()
        return PluginCard(
            name=info.name,
            version=info.version,
            titles=tuple(kind.title for kind in kinds) or own_title,
            icon=kinds[0].icon if kinds else getattr(schema, "icon", "puzzle"),
            hooks=self._hooks(info),
            tables=tuple(sorted(models.metadata.tables)) if models else (),
            behind=behind,
        )

    def counts(self, name: str) -> dict[str, int]:
        """Return the numbers of a plugin's contributions."""
        return dict(self._counts(name))

    def _hooks(self, info: "PluginInfo") -> tuple[str, ...]:
        return tuple(sorted(caller.name for caller in self.site.hooks.get_hookcallers(info.module) or ()))

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
