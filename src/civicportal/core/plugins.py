"""The plugin manager of a site: loading, order, and validation of plugins."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sqlalchemy import MetaData

from civicportal import __version__
from civicportal.core.installed import PLUGINS, installed_plugins
from civicportal.core.serving.turns import TURNS
from civicportal.core.tracing import trace_hooks
from civicportal.util.errors import ConfigurationError
from civicportal.util.garbage import collections_paused

if TYPE_CHECKING:
    from civicportal.core.site import Site

CORE = "core"
PROJECT = "civicportal"
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as a plugin's implementation of the hook of the same name."""
#: Loaded by name, as plugins are: the hooks, and the core's own implementations of them.
HOOKSPECS, CORE_PLUGIN = "civicportal.hookspecs", "civicportal.portal.plugin"
Answer = TypeVar("Answer")
Item = TypeVar("Item")
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PluginModels:
    """The tables of a plugin.

    :ivar prefix: every table's name begins with it and an underscore.
    :ivar migrations: folder that contains ``versions/``.
    """

    prefix: str
    metadata: MetaData
    migrations: Path


@dataclass(frozen=True, kw_only=True)
class PluginInfo:
    """A loaded plugin."""

    name: str
    module: ModuleType
    version: str

    @property
    def package(self) -> str:
        """Return the name of the module's package."""
        return self.module.__name__.rpartition(".")[0] or self.module.__name__


@collections_paused()
def create_plugin_manager(names: Iterable[str], site_package: str = "") -> pluggy.PluginManager:
    """Load the listed plugins and the site's package.

    Registered in reverse order, then the site, then the core: pluggy calls the last one first, so that a site is called
    before its plugins and they are called in order; the core's own ``tryfirst``/``trylast`` take precedence over all.

    :raises ConfigurationError: for a plugin that is missing, listed twice, or uses call-order options.
    """
    names = list(names)
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"site.plugins: {name!r} is listed twice")
    manager = pluggy.PluginManager(PROJECT)
    hookspecs = import_module(HOOKSPECS)
    manager.add_hookspecs(hookspecs)
    for name in reversed(names):
        _register(manager, _load(name), name)
    if site_package:
        _register(manager, _import_site(site_package), "site")
    manager.register(import_module(CORE_PLUGIN), CORE)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise ConfigurationError(str(error)) from error
    for name in hookspecs.IN_TRANSACTION:
        for implementation in getattr(manager.hook, name).get_hookimpls():
            # pluggy and in_order() call this attribute.
            implementation.function = _in_turn(implementation.function, implementation.plugin_name)
    trace_hooks(manager)
    return manager


def core_implementations() -> Mapping[type[Any], type[Any]]:
    """Return the core's implementations of declared services."""
    found: Mapping[type[Any], type[Any]] = import_module(CORE_PLUGIN).implementations()
    return found


def prepare_core(site: "Site") -> None:
    """Let the core's own plugin prepare a new site.

    :raises ConfigurationError: when the contributions of the plugins are invalid.
    """
    import_module(CORE_PLUGIN).prepare(site)


def turn_of(plugin: str) -> AbstractContextManager[None]:
    """Wait for a turn inside a plugin.

    Thus a hanging plugin leaves threads for the rest of the portal.

    :raises PluginBusy: when too many threads are inside it; never for the core.
    """
    return nullcontext() if plugin == CORE else TURNS.of(plugin)


def _in_turn(function: Callable[..., Any], plugin: str) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: object, **named: object) -> Any:
        with turn_of(plugin):
            return function(*arguments, **named)

    return call


def _load(name: str) -> ModuleType:
    found: list[EntryPoint] = list(entry_points(group=PLUGINS, name=name))
    if not found:
        installed = ", ".join(sorted(installed_plugins())) or "none"
        raise ConfigurationError(
            f"site.plugins: {name!r} is not installed (installed: {installed}). Install its distribution, for instance "
            f"pip install civicportal-{name.replace('_', '-')}, or take it off the list"
        )
    if len({entry.value for entry in found}) > 1:
        raise ConfigurationError(
            f"site.plugins: two distributions call themselves {name!r}: {', '.join(e.value for e in found)}"
        )
    _refuse_other_api(found[0])
    try:
        module = found[0].load()
    except Exception as error:
        raise ConfigurationError(f"site.plugins: {name!r} cannot be imported: {error}") from error
    if not isinstance(module, ModuleType):
        raise ConfigurationError(f"site.plugins: {name!r}: the entry point must name a module")
    return module


def _refuse_other_api(entry: EntryPoint) -> None:
    """Refuse a plugin whose distribution requires another version of civicportal.

    The installer refuses it too, unless told to ignore dependencies.
    """
    for line in (entry.dist.requires if entry.dist else None) or ():
        wanted = Requirement(line)
        here = canonicalize_name(wanted.name) == "civicportal"
        if here and not wanted.specifier.contains(__version__, prereleases=True):
            raise ConfigurationError(
                f"site.plugins: {entry.name!r} is made for civicportal {wanted.specifier}, and this is civicportal "
                f"{__version__}: install versions that fit, or take it off the list"
            )


def _import_site(package: str) -> ModuleType:
    try:
        return import_module(f"{package}.plugin")
    except ImportError as error:
        raise ConfigurationError(f"site.package: {package!r} cannot be imported: {error}") from error


def _register(manager: pluggy.PluginManager, module: ModuleType, name: str) -> None:
    for attribute in vars(module).values():
        marks = getattr(attribute, f"{PROJECT}_impl", None)
        if marks and any(marks[mark] for mark in ("tryfirst", "trylast", "hookwrapper", "wrapper")):
            raise ConfigurationError(
                f"{name}: {attribute.__name__} may not use tryfirst, trylast or wrappers"
            )
    try:
        manager.register(module, name)
    except pluggy.PluginValidationError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def plugin_infos(manager: pluggy.PluginManager, names: Iterable[str]) -> tuple[PluginInfo, ...]:
    """Return the loaded plugins in the order of the site."""
    infos = []
    for name in names:
        module: Any = manager.get_plugin(name)
        package = import_module(module.__name__.partition(".")[0])
        infos.append(PluginInfo(name=name, module=module, version=getattr(package, "__version__", "?")))
    return tuple(infos)


def in_order(manager: pluggy.PluginManager, hook: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield (plugin name, implementation) of a hook: core, plugins in the site's order, site.

    The implementation is called with the keyword arguments it names.
    """
    found = {impl.plugin_name: impl for impl in getattr(manager.hook, hook).get_hookimpls()}
    names = [name for name, module in manager.list_name_plugin() if module is not None]
    ordered = [CORE, *(n for n in reversed(names) if n not in (CORE, "site")), "site"]
    for name in ordered:
        if name in found:
            yield name, _with_its_arguments(found[name])


def _with_its_arguments(impl: Any) -> Callable[..., Any]:
    def call(**arguments: object) -> Any:
        return impl.function(**{key: arguments[key] for key in impl.argnames})

    return call


def collect(
    manager: pluggy.PluginManager,
    hook: str,
    key: Callable[[Item], str],
    *,
    owners: dict[str, dict[str, str]] | None = None,
    **arguments: object,
) -> dict[str, Item]:
    """Collect the items of a hook by unique name.

    :param owners: receives under the name of the hook which plugin registered each name.
    :raises ConfigurationError: names both plugins that use one name.
    """
    found: dict[str, Item] = {}
    owner: dict[str, str] = {}
    for plugin, function in in_order(manager, hook):
        for item in function(**arguments) or ():
            name = key(item)
            if name in found:
                raise ConfigurationError(
                    f"{hook}: {name!r} is registered by {owner[name]!r} and by {plugin!r}"
                )
            found[name], owner[name] = item, plugin
    if owners is not None:
        owners[hook] = owner
    return found


def call_each(
    manager: pluggy.PluginManager, hook: str, kind: type[Answer], **arguments: object
) -> Iterator[Answer]:
    """Call a display hook with each implementation isolated: one that fails or hangs is logged and skipped.

    :param kind: expected type of the returned items; other values are logged and skipped too.
    """
    for plugin, function in in_order(manager, hook):
        try:
            with turn_of(plugin):
                result = list(function(**arguments) or ())
        except Exception:
            log.exception("hook %s of plugin %s failed", hook, plugin)
            continue
        for item in result:
            if isinstance(item, kind):
                yield item
            else:
                log.error("hook %s of plugin %s returned a %s", hook, plugin, type(item).__name__)
