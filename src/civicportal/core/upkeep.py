"""What a database wants done now and then so that it keeps finding things the short way."""

from typing import TYPE_CHECKING

from civicportal.core.db import short_transaction
from civicportal.core.jobs import Job

if TYPE_CHECKING:
    from civicportal.core.site import Site

LOOKED_AT = 10_000
"""Entries of an index that are looked at: enough to tell a rare value from a frequent one, and done in a moment."""

MISLEADING = ("referrals",)
"""Tables whose numbers SQLite draws wrong conclusions from: it takes NULL, which most lines have in most columns, for one value
of many, and then gathers hundreds of thousands of lines. Of indexes without numbers it takes the one that fits best."""


def analyse(site: "Site") -> None:
    """Run ``ANALYZE`` on SQLite: without statistics it chooses an index that matches half of the rows.

    PostgreSQL does so by itself, as often as its tables ask for.
    """
    if site.engines.dialect != "sqlite":
        return
    with short_transaction(site.engines) as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit={LOOKED_AT}")
        connection.exec_driver_sql("ANALYZE")
        for table in MISLEADING:
            connection.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE tbl = ?", (table,))
        # Read them anew, as they are now.
        connection.exec_driver_sql("ANALYZE sqlite_schema")


JOBS = (Job(name="core.analyse", at="03:30", lane="long", run=analyse),)
