"""The command ``civicportal``. Each subcommand is a module, imported on use."""

import errno
import sys
from importlib import import_module
from importlib.metadata import EntryPoint

import click

from civicportal.cli.options import Options, plugin_commands, site_path
from civicportal.core.tracing import is_traced
from civicportal.util.errors import CivicportalError, ConfigurationError

COMMANDS = {
    "audit": "audit:audit",
    "backup": "backup:backup",
    "check": "check:check",
    "db": "db:db",
    "demo": "demo:demo",
    "files": "files:files",
    "import": "imports:import_",
    "open-data": "opendata:open_data",
    "plugin": "plugin:plugin",
    "keys": "keys:keys",
    "restore": "backup:restore",
    "search": "search:search",
    "serve": "serve:serve",
    "site": "site:site",
    "stats": "stats:stats",
    "user": "user:user",
    "worker": "worker:worker",
}


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of the operating system that need no file name to be understood: there is no room left."""


class Misconfigured(click.ClickException):
    """A configuration error, shown without a traceback."""

    exit_code = 2


def _of_site(context: click.Context) -> str:
    """Return a hint that another site may be meant."""
    try:
        return f"\n(the site is {site_path(context)})"
    except ConfigurationError:
        return ""


def _explain_database_error(context: click.Context, error: Exception) -> None:
    """Explain in one line why the database cannot be used.

    :raises click.ClickException: when it does not answer, has other tables or is none; other errors are ignored.
    """
    if "sqlalchemy" not in sys.modules:
        return
    from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

    from civicportal.cli.options import load_site
    from civicportal.core.migration.state import refuse_pending

    # SQLite's error for a file that is no database has no class of its own.
    if not isinstance(error, OperationalError | ProgrammingError) and type(error) is not DatabaseError:
        return
    try:
        refuse_pending(load_site(context))
    except ConfigurationError as problem:
        raise Misconfigured(f"{problem}{_of_site(context)}") from error
    except DatabaseError as problem:
        raise click.ClickException(
            f"the database does not answer: {problem.orig}{_of_site(context)}"
        ) from error


def _load(entry: EntryPoint) -> click.Command:
    """Import a plugin's command. One that cannot be imported says so when it is called, and does not spoil ``--help``."""
    try:
        command: object = entry.load()
    except Exception as error:
        problem = f"{entry.value} cannot be imported: {error}"
    else:
        if isinstance(command, click.Command):
            return command
        problem = f"{entry.value} is no click command"

    def refuse() -> None:
        raise ConfigurationError(f"{entry.name}: {problem}")

    whatever = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(entry.name, callback=refuse, short_help=problem, context_settings=whatever)


class LazyGroup(click.Group):
    """The core's commands, and those of the site's plugins."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of the commands.

        An invalid site adds none, so ``--help`` always works.
        """
        try:
            return sorted({*COMMANDS, *plugin_commands(context)})
        except ConfigurationError:
            return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name not in COMMANDS:
            entry = plugin_commands(context).get(name)
            return _load(entry) if entry else None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(f"civicportal.cli.{module}"), attribute)
        return command

    def invoke(self, context: click.Context) -> object:
        """Show expected errors without a traceback."""
        try:
            return super().invoke(context)
        except ConfigurationError as error:
            raise Misconfigured(f"{error}{_of_site(context)}") from error
        except CivicportalError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if not error.filename and error.errno not in FULL:
                raise
            # A file or folder that the command was given, or that the site names: the remedy is outside of the code.
            place = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{place}{error.strerror}") from error
        except Exception as error:
            _explain_database_error(context, error)
            raise


@click.command(cls=LazyGroup)
@click.option(
    "--site",
    "site",
    metavar="PATH",
    is_eager=True,  # --help lists the commands of this site's plugins
    help="The site.toml; else $CIVICPORTAL_SITE, else ./site.toml, else the one installed site.",
)
@click.version_option(package_name="civicportal")
@click.pass_context
def main(context: click.Context, site: str | None) -> None:
    """Run and administer a portal."""
    context.obj = Options(path=site)
    if is_traced():
        # Commands that only print write no log.
        from civicportal.core.logging import setup_logging

        setup_logging()
