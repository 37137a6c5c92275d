"""``civicportal serve``: the web server, with its worker."""

import click

from civicportal.cli.options import listens, site_path


@click.command()
@listens
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="Processes that serve; as many as cores and memory allow, if not given, and one on SQLite.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Requests at a time of a process.",
)
@click.option("--no-worker", is_flag=True, help="The worker runs elsewhere.")
@click.option(
    "--reload",
    "reloads",
    is_flag=True,
    help="Restart when code, templates, catalogues or the site's files change. For development; one process.",
)
@click.pass_context
def serve(
    context: click.Context,
    host: str,
    port: int,
    processes: int | None,
    threads: int,
    no_worker: bool,
    reloads: bool,
) -> None:
    """Serve the portal until SIGTERM or Ctrl+C."""
    from civicportal.tools.server import serve_site

    path = site_path(context)
    if reloads:
        from civicportal.tools.reloading import serve_reloading

        if processes not in (None, 1):
            raise click.UsageError("--reload serves in one process: leave --processes out")
        serve_reloading(path, host=host, port=port, threads=threads, worker=not no_worker)
        return
    serve_site(path, host=host, port=port, threads=threads, processes=processes, worker=not no_worker)
