"""Options common to all commands: the site, host and port."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from civicportal.core.installed import commands_of, find_site

if TYPE_CHECKING:
    from civicportal.core.site import Site


Command = TypeVar("Command", bound=Callable[..., object])


def listens(command: Command) -> Command:
    """Add ``--host`` and ``--port``, also read from HOST and PORT."""
    port = click.IntRange(1, 65535)
    command = click.option("--port", type=port, default=6543, envvar="PORT", show_default=True)(command)
    return click.option("--host", default="127.0.0.1", envvar="HOST", show_default=True)(command)


@dataclass
class Options:
    """Options before the command.

    :ivar path: ``--site``, if given.
    """

    path: str | None

    @cached_property
    def site(self) -> "Site":
        """Return the site, assembled on first use."""
        from civicportal.core.site import Site

        return Site(self.site_path)

    @cached_property
    def site_path(self) -> Path:
        """Return the site's file."""
        return find_site(self.path)

    @cached_property
    def plugin_commands(self) -> Mapping[str, EntryPoint]:
        """Return the commands of the site's plugins, not yet imported."""
        return commands_of(self.site_path)


def _options(context: click.Context) -> Options:
    root = context.find_root()
    if not isinstance(root.obj, Options):
        # Called before the group has run, as ``--help`` does.
        root.obj = Options(path=root.params.get("site"))
    return root.obj


def site_path(context: click.Context) -> Path:
    """Return the site file of a command.

    :raises ConfigurationError: when there is none.
    """
    return _options(context).site_path


def load_site(context: click.Context) -> "Site":
    """Return the site of a command.

    :raises ConfigurationError: when it cannot be assembled, or its secrets are not those of the portal that owns the
    database.
    """
    from civicportal.domain.ownership import refuse_unusable

    site = assemble_site(context)
    refuse_unusable(site)
    return site


def assemble_site(context: click.Context) -> "Site":
    """Return the site of a command, without checking its database.

    :raises ConfigurationError: when it cannot be assembled.
    """
    options = _options(context)
    if "site" not in vars(options):
        context.find_root().call_on_close(options.site.engines.dispose)
    return options.site


def plugin_commands(context: click.Context) -> Mapping[str, EntryPoint]:
    """Return the commands of the site's plugins, not yet imported.

    :raises ConfigurationError: when the site cannot be read.
    """
    return _options(context).plugin_commands
