"""``civicportal serve``: the web server, with its worker."""

import os

import click

from civicportal.cli.options import site_path


@click.command()
@click.option(
    "--host", default=lambda: os.environ.get("HOST") or "127.0.0.1", show_default="127.0.0.1 or $HOST"
)
@click.option(
    "--port", type=int, default=lambda: int(os.environ.get("PORT") or 6543), show_default="6543 or $PORT"
)
@click.option(
    "--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests at a time."
)
@click.option("--no-worker", is_flag=True, help="The worker runs elsewhere.")
@click.pass_context
def serve(context: click.Context, host: str, port: int, threads: int, no_worker: bool) -> None:
    """Serve the portal until SIGTERM or Ctrl+C."""
    from civicportal.server import serve_site

    serve_site(site_path(context), host=host, port=port, threads=threads, worker=not no_worker)
