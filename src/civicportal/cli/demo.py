"""``civicportal demo``: a server with generated data."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from civicportal.cli.options import listens, site_path

if TYPE_CHECKING:
    from civicportal.core.site import Site


@click.command()
@listens
@click.option("--reset", is_flag=True, help="Delete the demo's data and generate it again.")
@click.option("--only-load", is_flag=True, help="Fill the database and stop.")
@click.pass_context
def demo(context: click.Context, host: str, port: int, reset: bool, only_load: bool) -> None:
    """Run a demo on SQLite with sample data.

    It sends no messages.
    """
    from civicportal.cli.progress import ProgressLine
    from civicportal.portal.demo import runner
    from civicportal.tools.server import check_address, listen

    path = site_path(context)
    if not only_load:
        check_address(host, port)
    if reset:
        _reset(path)
    site = _migrated(path)
    if runner.is_begun(site) and not runner.is_loaded(site):
        click.echo("The last run was interrupted while demo data was generated: starting again.")
        site.engines.dispose()
        _reset(path)
        site = _migrated(path)
    if not runner.is_loaded(site):
        click.echo("Generating demo data …")
        runner.load(site, ProgressLine())
        runner.ring(site)
    site.engines.dispose()
    if only_load:
        _welcome(site, host, port)
        return
    # A browser that opens an address as soon as it is printed waits for the server, and is not refused.
    listening = listen(host, port)
    _welcome(site, host, port)
    _serve(path, listening)


def _migrated(path: Path) -> "Site":
    from civicportal.core.site import Site
    from civicportal.domain.ownership import establish
    from civicportal.portal import upgrade as migrate
    from civicportal.portal.demo.clock import DemoClock

    site = Site(path, mode="demo", clock=DemoClock())
    migrate.upgrade(site, progress=lambda text: click.echo(f"  {text}"))
    establish(site)
    return site


def _reset(path: Path) -> None:
    from sqlalchemy import make_url

    from civicportal.core.site import Site
    from civicportal.domain.ownership import portal_id
    from civicportal.util.errors import ConfigurationError

    site = Site(path, mode="demo")
    url = make_url(str(site.engines.read.url))
    if url.get_backend_name() != "sqlite" or url.database is None:
        raise ConfigurationError("demo --reset only throws away an SQLite file")
    database = Path(url.database)
    if database.exists() and database.stat().st_size and not _may_be_thrown_away(site):
        raise ConfigurationError(f"{database} was not filled by the demo; it stays")
    store = site.storage.store
    mark = store.read_mark()
    if mark and mark.mode != "demo" and mark.portal != portal_id(site):
        raise ConfigurationError(
            f"{store.place} belongs to another portal ({mark.portal}): name another in site.files"
        )
    site.engines.dispose()
    for name in (database.name, f"{database.name}-wal", f"{database.name}-shm"):
        database.with_name(name).unlink(missing_ok=True)
    store.write_mark(None)
    for key in list(store.keys()):
        store.delete(key)
    for key in list(store.quarantined()):
        store.purge(key)


def _may_be_thrown_away(site: "Site") -> bool:
    from sqlalchemy import func, select
    from sqlalchemy.exc import OperationalError

    from civicportal.domain.cases.models import Case
    from civicportal.portal.demo.runner import is_begun

    try:
        if is_begun(site):
            return True
        with site.work(write=False) as work:
            return not work.session.scalar(select(func.count()).select_from(Case))
    except OperationalError:
        return True


def _welcome(site: "Site", host: str, port: int) -> None:
    from civicportal.portal.demo import runner

    address = f"http://{host}:{port}"
    click.echo(f"\n{site.name}: {address}")
    click.echo(f"  phones (codes and notices arrive here): {address}/demo/phones")
    click.echo(f"  citizens sign in at {address}/login, for instance with {runner.first_citizen(site)}")
    click.echo(f"  staff sign in at {address}/staff/login with the password {runner.PASSWORD}")
    for username, name, roles in runner.logins(site):
        click.echo(f"    {username:<10} {name} · {roles}")
    click.echo("  Ctrl+C ends it; the data stay\n")


def _serve(path: Path, listening: socket.socket) -> None:
    from civicportal.tools.server import serve_site

    # The worker inherits both, so that the output shows the addresses, not the log.
    os.environ["CIVICPORTAL_MODE"] = "demo"
    os.environ.setdefault("CIVICPORTAL_LOG", "WARNING")
    serve_site(path, listening=listening)
