"""``civicportal worker``: messages and jobs."""

import click

from civicportal.cli.options import load_site


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now and stop.")
@click.pass_context
def worker(context: click.Context, once: bool) -> None:
    """Send messages and run jobs until SIGTERM or Ctrl+C.

    Any number of workers may run.
    """
    from civicportal.core.logging import setup_logging
    from civicportal.portal.worker.process import Worker

    setup_logging()
    site = load_site(context)
    site.check_start()
    process = Worker(site)
    if once:
        process.run_once()
    else:
        process.run()
