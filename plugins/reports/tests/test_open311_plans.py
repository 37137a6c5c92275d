"""Indexes of the lists of Open311: a plan that is fast with forty reports may take minutes with a million."""

from datetime import timedelta

import pytest
from civicportal_reports.open311.services import GeoReportService
from sqlalchemy import text

from civicportal.testing import plan

pytestmark = pytest.mark.one_database("postgresql")


def test_updates_are_found_by_their_time(site, city):
    with site.work(write=False) as work:
        # Tables of a test are small: the question is whether there is an index to walk along.
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            work.session.execute(text(f"SET LOCAL {setting} = off"))
        now = work.clock.now()
        found = plan(work.session, work.get(GeoReportService).entries(now - timedelta(hours=2), now))
    assert "ix_case_events_public" in found, found
    assert "Sort  (" not in found, found
