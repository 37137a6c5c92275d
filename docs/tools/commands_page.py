"""Generate the page of commands, from ``click``."""

import inspect
from collections.abc import Iterator

import click

from civicportal.cli import main
from civicportal.cli.options import Options
from civicportal.core.site import Site
from docs.tools.tables import code, table

NAME = "civicportal"
INTRODUCTION = """\
# Commands

Every command begins with `civicportal`; `--help` shows the same as this page. Commands use the site of
`--site PATH`, else of `CIVICPORTAL_SITE`, else `site.toml` in the current folder, else the only installed site. A command exits with 2 if it
cannot read the site, and reports the reason; it exits with 1 if it has found an error.
"""


def page(site: Site) -> str:
    """Return the page; the commands of plugins are those of the site."""
    parts = [_section(context, command) for context, command in walk(site) if _says_something(command)]
    return "\n".join([INTRODUCTION, *parts])


def walk(site: Site) -> Iterator[tuple[click.Context, click.Command]]:
    """Yield every command, groups before their commands."""
    context = click.Context(main, info_name=NAME, obj=Options(path=str(site.path)))
    yield from below(context, main)


def below(context: click.Context, command: click.Command) -> Iterator[tuple[click.Context, click.Command]]:
    """Yield every command below one, groups before their commands."""
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            inner = click.Context(found, info_name=name, parent=context)
            yield inner, found
            yield from below(inner, found)


def _says_something(command: click.Command) -> bool:
    return not isinstance(command, click.Group) or bool(command.help)


def _section(context: click.Context, command: click.Command) -> str:
    path = context.command_path
    words = inspect.cleandoc(command.help or "").replace("\b\n", "")
    if isinstance(command, click.Group):
        return f"## `{path}`\n\n{words}\n"
    level = "##" if context.parent and context.parent.parent is None else "###"
    options = list(_options(context, command))
    pieces = [piece for piece in command.collect_usage_pieces(context) if options or piece != "[OPTIONS]"]
    usage = f"```\n{' '.join([path, *pieces])}\n```\n"
    parts = [f"{level} `{path}`\n", f"{words}\n", usage]
    if options:
        parts.append(table(("option", "what it does"), options))
    return "\n".join(parts)


def _options(context: click.Context, command: click.Command) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        found = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if found:
            yield code(found[0]), found[1].removesuffix(".")
