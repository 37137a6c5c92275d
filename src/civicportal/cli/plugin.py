"""``civicportal plugin``: plugins of a site, and the scaffold."""

import shutil
from pathlib import Path
from typing import Any, Literal

import click

from civicportal.cli.options import load_site, site_path
from civicportal.core.installed import installed_plugins


@click.group()
def plugin() -> None:
    """List, enable and disable plugins, or create a new one."""


@plugin.command("list")
@click.pass_context
def list_(context: click.Context) -> None:
    """Show the installed plugins; enabled ones in order, with their contents."""
    from civicportal.portal.admin.inventory import Inventory
    from civicportal.util.errors import ConfigurationError

    try:
        site = load_site(context)
        with site.work(write=False) as work:
            inventory = Inventory(work)
            cards, sleeping = inventory.cards(), inventory.sleeping()
    except ConfigurationError as error:
        _names(context)
        click.echo(f"No more is known, for the portal cannot be assembled: {error}", err=True)
        return
    for card in cards:
        click.echo(
            f"on   {card.name} {card.version}" + ("  (run civicportal db upgrade)" if card.behind else "")
        )
        click.echo(f"       hooks: {', '.join(card.hooks)}")
        if card.tables:
            click.echo(f"       tables: {', '.join(card.tables)}")
    for one in sleeping:
        known = "" if one.installed else "  (not installed)"
        click.echo(f"off  {one.name}{known}" + ("  (its tables are kept)" if one.tables else ""))


def _names(context: click.Context) -> None:
    _path, document = _read(context)
    listed = list(document["site"]["plugins"])
    for name in listed:
        click.echo(f"on   {name}" + ("" if name in installed_plugins() else "  (not installed)"))
    for name in sorted(installed_plugins() - set(listed)):
        click.echo(f"off  {name}")


@plugin.command()
@click.argument("name")
@click.pass_context
def enable(context: click.Context, name: str) -> None:
    """Enable NAME; it works after `civicportal db upgrade` and a restart."""
    path, document = _read(context)
    if name not in installed_plugins():
        raise click.ClickException(
            f"{name!r} is not installed (installed: {', '.join(sorted(installed_plugins()))})"
        )
    if name in document["site"]["plugins"]:
        raise click.ClickException(f"{name!r} is on the list already")
    document["site"]["plugins"].append(name)
    _write(path, document)
    click.echo(f"{name} is on the list: run civicportal db upgrade and restart the portal")


@plugin.command()
@click.argument("name")
@click.pass_context
def disable(context: click.Context, name: str) -> None:
    """Disable NAME; its tables and cases stay."""
    path, document = _read(context)
    if name not in document["site"]["plugins"]:
        raise click.ClickException(f"{name!r} is not on the list")
    document["site"]["plugins"].remove(name)
    _write(path, document)
    click.echo(f"{name} is off the list: restart the portal")


@plugin.command()
@click.argument("name")
@click.option(
    "--cases",
    type=click.Choice(["keep", "delete"]),
    help="keep: its cases keep their common part and history; delete: they go with it. Needed where it has cases.",
)
@click.confirmation_option(prompt="This deletes its tables for good. Go on?")
@click.pass_context
def purge(context: click.Context, name: str, cases: Literal["keep", "delete"] | None) -> None:
    """Drop the tables and rights of the disabled plugin NAME."""
    from civicportal.portal.admin.purging import purge_plugin

    if name in _read(context)[1]["site"]["plugins"]:
        raise click.ClickException(f"{name!r} is on the list: run civicportal plugin disable {name} first")
    done = purge_plugin(
        load_site(context),
        name,
        cases=cases,
        progress=lambda deleted, number: click.echo(f"deleted {deleted} of {number} cases", err=True),
    )
    click.echo(
        f"The tables of {name} are gone, {len(done.rights)} rights were taken out of roles, {done.cases} cases deleted."
    )


@plugin.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["case", "content", "gateway"]),
    default="case",
    show_default=True,
    help="case: a service with a form, a workflow and a desk; content: pages that staff write and everybody reads; "
    "gateway: a provider of text messages.",
)
@click.option("--title", default="", help="Of the service in English; else the name in words.")
@click.option("--persian", default="", help="Of the service in Persian; else the title.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="Where the folder of the distribution is made; else here.",
)
def new(name: str, kind: str, title: str, persian: str, folder: Path) -> None:
    """Create a distribution with a working plugin NAME, to be changed."""
    from civicportal.tools.scaffold import create_plugin

    written = create_plugin(name, folder, kind=kind, title=title, persian=persian)
    click.echo(f"{written.folder} is written.\n\n{written.steps}")
    alike = [one for one in installed_plugins() if one.startswith(f"{name}_") or name.startswith(f"{one}_")]
    if alike:
        click.echo(
            f"\nNo site can have it beside {', '.join(sorted(alike))}: the names of their tables begin alike.",
            err=True,
        )


def _read(context: click.Context) -> tuple[Path, Any]:
    import tomlkit

    path = site_path(context)
    try:
        document: Any = tomlkit.parse(path.read_text(encoding="utf-8"))
        list(document["site"]["plugins"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{path}: the list site.plugins cannot be read: {error}") from error
    return path, document


def _write(path: Path, document: Any) -> None:
    import tomlkit

    # Write a temporary file first: a full disk must not truncate the site file.
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.write_text(tomlkit.dumps(document), encoding="utf-8")
        shutil.copymode(path, fresh)
        fresh.replace(path)
    except OSError as error:
        listed = ", ".join(f'"{name}"' for name in document["site"]["plugins"])
        raise click.ClickException(
            f"{path} cannot be written: {error.strerror}. Nothing was changed. As a user with write access, add this line "
            f"under [site]:\n\n    plugins = [{listed}]\n"
        ) from error
