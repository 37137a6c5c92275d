"""Latency of searches: ``python -m benchmarks.search --database URL`` reads pages of cases by words.

Words that many, some and no cases have, a code, its beginning, a name; as an administrator, and as an officer of the
largest, a middling and the smallest unit. It reads only.
"""

import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from civicportal.core.security import Identity
    from civicportal.core.site import Site

SITE = Path(__file__).parent / "site.toml"
PAGE = 50
WORDS = {
    "frequent word": "خیابان",
    "two words": "خیابان چاله",
    "word of one subject": "روشنایی",
    "rare word": "نارون",
    "name of a citizen": "محمد احمدی",
    "no hit": "ققنوس",
    "half a word": "خی",
}


def times(site: "Site", actor: "Identity", typed: str, rounds: int) -> tuple[list[float], list[float], int]:
    """Return the milliseconds of a page, those with its total, and how many rows there were."""
    from sqlalchemy import select

    from civicportal.domain.cases.access.rights import visible
    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.paging import SORTS, case_page
    from civicportal.domain.cases.search import CaseSearch
    from civicportal.util.lists import count_rows

    pages, totals, rows = [], [], 0
    for _round in range(rounds):
        with site.work(actor=actor, write=False) as work:
            work.session.connection()
            search, began = work.get(CaseSearch), time.perf_counter()
            found = visible(actor, walked=True), search.matches(typed)
            rows = len(
                case_page(work.session, select(Case).where(*found), sort=SORTS["newest"], size=PAGE).rows
            )
            pages.append(1000 * (time.perf_counter() - began))
            count_rows(work.session, select(Case.id).where(*found))
            totals.append(1000 * (time.perf_counter() - began))
    return sorted(pages), sorted(totals), rows


def cast(site: "Site") -> "dict[str, Identity]":
    """Return the searching officer."""
    from sqlalchemy import func, select, text

    from civicportal.core.security import Grant, Identity
    from civicportal.domain.cases.models import Case

    with site.work(write=False) as work:
        if site.engines.dialect == "postgresql":
            work.session.execute(text("SET LOCAL statement_timeout = '60s'"))
        counted = select(Case.unit_id, func.count()).where(Case.unit_id.is_not(None)).group_by(Case.unit_id)
        units = list(work.session.execute(counted.order_by(func.count())))
    rights = frozenset(name for name in site.permissions if ":case:" in name)

    def who(unit: int | None) -> Identity:
        scope = None if unit is None else frozenset({unit})
        grant = Grant(
            permissions=rights,
            administrator=unit is None,
            units=scope,
            categories=None,
            unit_id=unit,
            own=True,
            holder_id=0,
        )
        return Identity(user_id=0, name="", realm="staff", grants=(grant,))

    chosen = (units[-1], units[len(units) // 2], units[0])
    return {"administrator": who(None)} | {f"unit of {number:,} cases": who(unit) for unit, number in chosen}


@click.command()
@click.option("--database", required=True, help="Address of a filled database.")
@click.option("--rounds", default=20, show_default=True)
def main(database: str, rounds: int) -> None:
    """Print a table of milliseconds."""
    os.environ["BENCH_DATABASE_URL"] = database
    from sqlalchemy import select

    from civicportal.core.site import Site
    from civicportal.domain.cases.models import Case

    site = Site(SITE)
    with site.work(write=False) as work:
        code = work.session.scalar(select(Case.code).order_by(Case.id.desc()).limit(1)) or ""
    words = {**WORDS, "tracking code": code, "beginning of a code": code[:7]}
    click.echo(f"load average {os.getloadavg()[0]:.1f}; page of {PAGE}: p50, p95; with its total: p50; rows")
    for name, actor in cast(site).items():
        click.echo(f"\n{name}")
        for title, typed in words.items():
            pages, totals, rows = times(site, actor, typed, rounds)
            late = pages[min(int(len(pages) * 0.95), len(pages) - 1)]
            middle = statistics.median(pages), late, statistics.median(totals)
            click.echo(f"{title:<22}" + "".join(f"{number:9.1f}" for number in middle) + f"{rows:6}")
    site.engines.dispose()


if __name__ == "__main__":
    main()
