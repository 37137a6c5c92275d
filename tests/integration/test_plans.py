"""Indexes that PostgreSQL's plans use: a plan that is fast with forty cases may take minutes with a million."""

import re

import pytest
from sqlalchemy import select, text

from civicportal.core.db.ids import FEW_IDS, among
from civicportal.core.security import Grant, Identity
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.codes import TAKEN
from civicportal.domain.cases.conditions import in_stage
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.paging import SORTS, PageWindow
from civicportal.domain.kartable.inbox import EVERYWHERE, InboxQuery, InboxService, sorts_of
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.testing import plan

# SQLite is supported up to a number of cases that no plan is too slow for.
pytestmark = pytest.mark.one_database("postgresql")

VIEW = frozenset({"reports:case:view", "reports:case:contact"})


@pytest.fixture
def reading(filled_tables, site):
    with filled_tables(site) as connection:
        yield connection


@pytest.mark.parametrize("stage", [None, "open", "done"])
@pytest.mark.parametrize("sort", SORTS)
def test_each_order_of_a_list_is_that_of_an_index(reading, sort, stage):
    query = select(Case.id).where(Case.kind == "reports")
    if stage:
        query = query.where(in_stage(stage))
    found = plan(reading, PageWindow(SORTS[sort]).narrow(query))
    assert not re.search(r"(?<!Incremental )Sort  [(]", found), found


@pytest.mark.parametrize("sort", sorts_of(EVERYWHERE))
def test_a_search_of_every_kind_goes_along_an_index(reading, site, sort):
    grant = Grant(permissions=VIEW, units=frozenset({3}))
    for actor in (Identity.SYSTEM, Identity(user_id=7, name="", realm="staff", grants=(grant,))):
        with site.work(actor=actor, write=False) as work:
            query = InboxService(work).query(EVERYWHERE, InboxQuery(), Case.id)
        found = plan(reading, PageWindow(SORTS[sort]).narrow(query))
        assert "ix_cases_created_at" in found, found
        assert not re.search(r"(?<!Incremental )Sort  [(]", found), found


def test_a_form_that_was_sent_before_is_found_by_its_key_however_few_cases_have_one(reading):
    assert "Seq Scan" not in plan(reading, TAKEN.params(key="k", code="c"))


@pytest.mark.parametrize("sort", ["deadline", "updated"])
def test_a_list_of_some_days_is_not_looked_for_among_all_that_was_before(reading, clock, sort):
    query = select(Case.id).where(Case.kind == "reports", Case.created_at >= clock.now())
    found = plan(reading, PageWindow(SORTS[sort], since=clock.now()).narrow(query))
    column = SORTS[sort].column.key
    assert re.search(rf"Index Cond: .*{column} >=", found), found


@pytest.mark.parametrize("walked", [False, True])
def test_postgresql_asks_each_case_of_a_walk_for_its_referrals(reading, walked):
    grant = Grant(permissions=VIEW, units=frozenset({3, 4}))
    officer = Identity(user_id=7, name="", realm="staff", grants=(grant,))
    query = select(Case.id).where(visible(officer, walked=walked)).order_by(Case.created_at).limit(25)
    assert ("hashed SubPlan" in plan(reading, query)) is not walked


@pytest.mark.parametrize(("column", "number", "is_kept"), [(Case.kind, 3, True), (Case.code, 1000, False)])
def test_a_plan_for_many_ids_is_made_with_them(reading, column, number, is_kept):
    for _time in range(12):
        reading.execute(select(column).where(among(Case.id, range(number), "postgresql"))).all()
    kept = reading.execute(text("SELECT statement FROM pg_prepared_statements")).scalars()
    asked = f"SELECT cases.{column.key} \nFROM cases \nWHERE cases.id = ANY"
    assert any(asked in statement for statement in kept) is is_kept


def test_what_is_asked_for_with_many_ids_may_be_read_slice_by_slice(site):
    with site.work(write=False, patience=5) as work:
        asked = select(Case.id).where(among(Case.id, range(FEW_IDS + 1), site.engines.dialect))
        assert work.session.scalars(asked.execution_options(yield_per=10)).all() == []


def test_referrals_closed_today_are_compared_within_their_case_only(reading, site):
    grant = Grant(permissions=VIEW, units=frozenset({3}))
    with site.work(actor=Identity(user_id=7, name="", realm="staff", grants=(grant,)), write=False) as work:
        query = InboxService(work).query("closed", InboxQuery(), Case.id)
    found = plan(reading, query)
    assert found.count("ix_referrals_closed_by_id_closed_at") == 1, found
    assert "ix_referrals_case_id_id" in found


def test_a_code_that_is_deleted_finds_its_message(reading):
    # As PostgreSQL looks for what ``ON DELETE SET NULL`` changes.
    told = select(OutboxMessage.id).where(OutboxMessage.challenge_id == 7)
    assert "ix_outbox_challenge_id" in plan(reading, told)


@pytest.mark.parametrize("table", [AuditEvent, CaseEvent])
def test_actions_of_a_person_are_found_by_an_index(reading, table):
    assert f"ix_{table.__tablename__}_actor_id" in plan(reading, select(table.id).where(table.actor_id == 7))


def test_postgresql_vacuums_filled_tables_more_often_than_by_default(reading):
    options = text("SELECT array_to_string(reloptions, ',') FROM pg_class WHERE relname = 'cases'")
    assert "autovacuum_vacuum_insert_scale_factor=0.02" in reading.scalar(options)
