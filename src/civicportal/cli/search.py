"""``civicportal search``: the index of words behind every search of cases."""

import click

from civicportal.cli.options import load_site


@click.group()
def search() -> None:
    """Compare the index of words with the cases, or rebuild it."""


@search.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Exit with 1 when the index does not know a case by its words."""
    from civicportal.domain.cases.search_index import SearchIndex

    words, index = SearchIndex(load_site(context).engines).verify()
    click.echo(
        f"{words} cases have other words than are kept for searching; wrong in the index: {int(index)}"
    )
    context.exit(1 if words or index else 0)


@search.command()
@click.pass_context
def rebuild(context: click.Context) -> None:
    """Rebuild the words of every case and their index in small steps: the portal may go on serving."""
    from civicportal.domain.cases.search_index import SearchIndex

    wrong = SearchIndex(load_site(context).engines).rebuild(progress=click.echo)
    click.echo(f"{wrong} cases had other words")
