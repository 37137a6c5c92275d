"""``civicportal search``: the search index of cases."""

import click

from civicportal.cli.options import load_site


@click.group()
def search() -> None:
    """Verify the search index against the cases, or rebuild it."""


@search.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Exit with 1 when the search index is incomplete or wrong."""
    from civicportal.domain.cases.search_index import SearchIndex

    words, index = SearchIndex(load_site(context).engines).verify()
    click.echo(
        f"{words} cases have other words than are kept for searching; wrong in the index: {int(index)}"
    )
    context.exit(1 if words or index else 0)


@search.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Rebuild the search words and their index in batches.

    The portal may keep running.
    """
    from civicportal.domain.cases.search_index import SearchIndex

    wrong = SearchIndex(load_site(context).engines).rebuild(progress=click.echo)
    click.echo(f"{wrong} cases had other words")
