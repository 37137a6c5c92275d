"""``civicportal serve``: the web server, with its worker."""

import click

from civicportal.cli.options import listens, site_path


@click.command()
@listens
@click.option(
    "--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests at a time."
)
@click.option("--no-worker", is_flag=True, help="The worker runs elsewhere.")
@click.pass_context
def serve(context: click.Context, host: str, port: int, threads: int, no_worker: bool) -> None:
    """Serve the portal until SIGTERM or Ctrl+C."""
    from civicportal.server import serve_site

    serve_site(site_path(context), host=host, port=port, threads=threads, worker=not no_worker)
