"""``civicportal check``: everything but serving."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from civicportal.cli.options import assemble_site

if TYPE_CHECKING:
    from civicportal.checks import Finding
    from civicportal.site import Site


@click.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Assemble the portal, look at its database and organisation, and say what is wrong and what to do."""
    from civicportal.checks import say

    site = assemble_site(context)
    findings = list(_findings(site))
    for finding in findings:
        click.echo(f"{finding.level:<8} {finding.place}: {say(finding.text)}")
        if finding.remedy:
            click.echo(f"{'':<8} → {say(finding.remedy)}")
    errors = sum(finding.level == "error" for finding in findings)
    click.echo(f"{site.name}: errors: {errors}, warnings: {len(findings) - errors}")
    context.exit(1 if errors else 0)


def _findings(site: "Site") -> "Iterator[Finding]":
    from civicportal.app import create_app
    from civicportal.checks import look_over
    from civicportal.db import check_database
    from civicportal.ownership import findings as foreign

    create_app(site)
    check_database(site.engines)
    unfit = [*_database(site), *foreign(site)]
    yield from unfit
    if any(finding.level == "error" for finding in unfit):
        return
    with site.work(write=False) as work:
        for _name, finding in look_over(work):
            yield finding


def _database(site: "Site") -> "Iterator[Finding]":
    from civicportal import migrate_state
    from civicportal.checks import Finding

    for state in migrate_state.current(site):
        text = f"the tables are at {state.current or 'nothing'}, the code is at {state.head}"
        if state.is_ahead:
            yield Finding(
                level="warning", place=state.name, text=text, remedy="install the newer code here too"
            )
        elif state.current != state.head:
            yield Finding(level="error", place=state.name, text=text, remedy="civicportal db upgrade")
