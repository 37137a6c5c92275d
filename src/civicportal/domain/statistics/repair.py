"""Verify all counters against the cases, and rebuild them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.statistics.backfill import measure, rebuild
from civicportal.domain.statistics.counter_tables import CounterTableService
from civicportal.domain.statistics.services import StatisticsService

if TYPE_CHECKING:
    from civicportal.core.site import Site

PATIENCE = 1800
"""Statement timeout in seconds: every case is read."""


def wrong_counters(site: "Site") -> list[str]:
    """Return the errors of all counters, one per line."""
    with site.work(write=False, patience=PATIENCE) as work:
        service = work.get(StatisticsService)
        wrong, months, totals = service.verify(), service.verify_months(), service.verify_totals()
        counter_tables = work.get(CounterTableService)
        others = {
            counter_table.model.__tablename__: counter_tables.differences(counter_table)
            for counter_table in counter_tables.counter_tables()
        }
    found = [f"{key}: stored {stored}, live {live}" for key, (stored, live) in wrong.items()]
    found += [f"month {key}: stored {stored}, its days {days}" for key, (stored, days) in months.items()]
    found += [f"total {key}: stored {stored}, its months {sums}" for key, (stored, sums) in totals.items()]
    for name, rows in others.items():
        found += [f"{name}: {tuple(row)} is not what the cases say, or only they say it" for row in rows]
    return found


def rebuild_counters(site: "Site", progress: Callable[[str], None]) -> None:
    """Store missing measures, and rebuild all counters from the cases."""
    progress(f"{measure(site)} cases measured")
    progress(f"{rebuild(site)} counters")
    for kind in kinds_of(site).values():
        if kind.counter_table:
            with site.work(patience=PATIENCE) as work:
                number = work.get(CounterTableService).rebuild(kind.counter_table)
            progress(f"{number} counters in {kind.counter_table.model.__tablename__}")
