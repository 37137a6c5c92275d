"""Indexes of the lists of Open311: a plan that is fast with forty reports may take minutes with a million."""

from datetime import timedelta

import pytest
from civicportal_reports.open311.services import GeoReportService

from civicportal.testing import plan

pytestmark = pytest.mark.one_database("postgresql")


def test_updates_are_found_by_their_time(site, city, filled_tables):
    with site.work(write=False) as work, filled_tables(site) as tables:
        now = work.clock.now()
        found = plan(tables, work.get(GeoReportService).entries(now - timedelta(hours=2), now))
    assert "ix_case_events_public" in found, found
    assert "Sort  (" not in found, found
