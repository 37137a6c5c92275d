"""What a database wants done now and then so that it keeps finding things the short way."""

from datetime import timedelta
from typing import TYPE_CHECKING

from civicportal.db import short_transaction
from civicportal.jobs import Job

if TYPE_CHECKING:
    from civicportal.site import Site

LOOKED_AT = 10_000
"""Entries of an index that are looked at: enough to tell a rare value from a frequent one, and done in a moment."""


def analyse(site: "Site") -> None:
    """Let SQLite look at its tables: without numbers it takes an index that finds half of them.

    PostgreSQL does so by itself, as often as its tables ask for.
    """
    if site.engines.dialect != "sqlite":
        return
    with short_transaction(site.engines) as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit={LOOKED_AT}")
        connection.exec_driver_sql("ANALYZE")


JOBS = (Job(name="core.analyse", every=timedelta(days=1), run=analyse),)
