"""The names by which requests are found: the migration folds those of before."""

import runpy
from pathlib import Path

import civicportal_meetings
from alembic.migration import MigrationContext
from alembic.operations import Operations
from civicportal_meetings.models import MeetingRequest
from civicportal_meetings.services import Applicant
from sqlalchemy import select

MIGRATION = Path(civicportal_meetings.__file__).parent / "migrations/versions/0002_search_name.py"


def names(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(MeetingRequest.search_name).order_by(MeetingRequest.case_id)))


def test_requests_of_before_are_found_too(office):
    firm = Applicant(name="علی‌رضا آذری", party="legal", organization="شرکت ACME")
    office.ask(applicant=firm)
    office.ask(by=office.citizens[1], applicant=Applicant(name="مريم رضایی"))
    folded = names(office.site)
    migration = runpy.run_path(str(MIGRATION))
    migration["upgrade"].__globals__["BATCH"] = 1
    with (
        office.site.engines.write.begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        migration["downgrade"]()
        migration["upgrade"]()
    assert names(office.site) == folded == ["علی رضا اذری شرکت acme علیرضا", "مریم رضایی"]
