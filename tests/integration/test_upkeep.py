"""What is done for a database now and then."""

import pytest
from sqlalchemy import text

from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import make_case, make_citizen


@pytest.fixture
def numbers(site):
    """Return what SQLite knows of its indexes."""

    def read():
        with site.work(write=False) as work:
            there = work.session.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'"))
            rows = text("SELECT idx, stat FROM sqlite_stat1 WHERE tbl = 'cases'")
            return dict(work.session.execute(rows).all()) if there else {}

    return read


def test_sqlite_knows_how_rare_a_value_is(site, clock, numbers):
    if site.engines.dialect != "sqlite":
        pytest.skip("PostgreSQL looks at its tables by itself")
    with site.work() as work:
        citizen = make_citizen(work)
        for _ in range(30):
            make_case(work, citizen_id=citizen.id)
    assert numbers() == {}
    runner = JobRunner(site)
    runner.run_due()
    clock.advance(days=1)
    assert "core.analyse" in runner.run_due()
    assert numbers()["ix_cases_citizen_id_created_at"].split()[0] == "30"
    with site.work(write=False) as work:
        lines = text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'referrals'")
        assert work.session.scalar(lines) == 0, "of these SQLite draws wrong conclusions"


def test_postgresql_clears_up_more_often_than_it_comes(site):
    if site.engines.dialect != "postgresql":
        pytest.skip("SQLite has nothing to clear up")
    asked = text("SELECT array_to_string(reloptions, ',') FROM pg_class WHERE relname = 'cases'")
    with site.work(write=False) as work:
        assert "autovacuum_vacuum_insert_scale_factor=0.02" in work.session.scalar(asked)
