"""``civicportal check``: findings about settings, database and organisation."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from civicportal import __version__
from civicportal.cli.options import assemble_site
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from civicportal.core.checks import Finding
    from civicportal.core.site import Site


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for monitors and scripts.")
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Check settings, database and organisation, and print the findings.

    Exit codes: 0 without errors (there may be warnings), 1 with errors, 2 if the portal cannot be
    assembled.
    """
    if as_json:
        context.exit(_print_json(context))
    from civicportal.util.i18n import say

    site = assemble_site(context)
    findings = [finding for _owner, finding in _findings(site)]
    for finding in findings:
        click.echo(f"{finding.level:<8} {finding.place}: {say(finding.text)}")
        if finding.remedy:
            click.echo(f"{'':<8} → {say(finding.remedy)}")
    errors = _count_errors(findings)
    click.echo(f"{site.name}: errors: {errors}, warnings: {len(findings) - errors}")
    context.exit(1 if errors else 0)


def _count_errors(findings: "Iterable[Finding]") -> int:
    return sum(finding.level == "error" for finding in findings)


def _print_json(context: click.Context) -> int:
    """Print the findings as JSON and return the exit code.

    A portal that cannot be assembled, and an unreachable database, are one finding.
    """
    from sqlalchemy.exc import OperationalError

    from civicportal.core.checks import Finding
    from civicportal.util.i18n import say

    name = ""
    try:
        site = assemble_site(context)
        name = site.name
        findings = list(_findings(site))
    except ConfigurationError as error:
        findings, code = [("core", Finding(level="error", place="site", text=str(error)))], 2
    except OperationalError as error:
        text = f"the database does not answer: {error.orig}"
        findings, code = [("core", Finding(level="error", place="site.database_url", text=text))], 1
    else:
        code = 1 if _count_errors(finding for _owner, finding in findings) else 0
    errors = _count_errors(finding for _owner, finding in findings)
    found = {
        "site": name,
        "version": __version__,
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": [
            {
                "owner": owner,
                "level": finding.level,
                "place": finding.place,
                "text": say(finding.text),
                "remedy": say(finding.remedy),
            }
            for owner, finding in findings
        ],
    }
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    return code


def _findings(site: "Site") -> "Iterator[tuple[str, Finding]]":
    from civicportal.app import create_app
    from civicportal.core.checks import collect_findings
    from civicportal.core.db import check_database
    from civicportal.domain.ownership import findings as foreign

    create_app(site)
    check_database(site.engines)
    unfit = [*_database(site), *foreign(site)]
    yield from (("core", finding) for finding in unfit)
    if any(finding.level == "error" for finding in unfit):
        return
    with site.work(write=False) as work:
        yield from collect_findings(work)


def _database(site: "Site") -> "Iterator[Finding]":
    from civicportal.core.checks import Finding
    from civicportal.core.migration import state as migrate_state

    for state in migrate_state.current(site):
        text = f"the tables are at {state.current}, the code is at {state.head}"
        if state.current is None:
            yield Finding(
                level="error",
                place=state.name,
                text=f"it has no tables in {site.engines.address}",
                remedy="civicportal db upgrade, or correct site.database_url",
            )
        elif state.is_ahead:
            yield Finding(
                level="warning", place=state.name, text=text, remedy="install the newer code here too"
            )
        elif state.current != state.head:
            yield Finding(level="error", place=state.name, text=text, remedy="civicportal db upgrade")
