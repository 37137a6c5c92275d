"""A city that moves in, with the plugin of reports."""

import pytest

from civicportal.portal.importing import import_files
from civicportal.portal.importing.batches import read_mapping
from civicportal.portal.importing.report import open_report
from civicportal.testing import make_category, make_staff, make_unit

from . import legacy

RIGHTS = ["reports:case:view", "reports:case:work", "reports:case:comment"]


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports", "feedback"]}, "contact": {"phone": "137"}}


@pytest.fixture
def city(site):
    """Units with staff, and categories."""
    with site.work() as work:
        make_unit(work, "pr")
        waste, lighting = make_unit(work, "waste"), make_unit(work, "lighting")
        for unit in (waste, lighting):
            make_staff(
                work,
                "handler",
                unit=unit,
                permissions=RIGHTS,
                username=f"officer_{unit.key}",
            )
        make_category(work, "bin", kind="reports", unit=waste)
        make_category(work, "lamp", kind="reports", unit=lighting)
    return site


@pytest.fixture
def run(city, tmp_path):
    """Import files: ``run(files)``; returns the summary."""

    def run(files, mapping=legacy.MAPPING, *, apply=True, progress=lambda name, done: None):
        with open_report(city.localizer(), tmp_path / "report.csv") as report:
            return import_files(
                city, read_mapping(city, mapping), files, report, apply=apply, progress=progress
            )

    run.report = tmp_path / "report.csv"
    return run
