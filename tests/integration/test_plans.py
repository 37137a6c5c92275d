"""By which indexes the databases answer: what is quick with forty cases and takes minutes with a million shows here alone."""

import re

import pytest
from sqlalchemy import event, select, text

from civicportal.core.db.ids import FEW_IDS, among
from civicportal.core.security import SYSTEM, Grant, Identity
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases import scope
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.codes import TAKEN
from civicportal.domain.cases.conditions import closed_on_time, in_stage, overdue
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.paging import SORTS, Window
from civicportal.domain.cases.proposals import ENDS
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.inbox import (
    EVERYWHERE,
    Filters,
    InboxService,
    sorts_of,
)
from civicportal.domain.kartable.parts import parts
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.testing import NOON, identity, make_case, make_category, make_staff, make_unit, plan

VIEW = frozenset({"reports:case:view", "reports:case:contact"})


@pytest.fixture
def reading(site, civic_database):
    with site.work(write=False, patience=10) as work:
        if civic_database == "postgresql":
            # Tables of a test are small: what is asked is whether there is an index to walk along.
            for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
                work.session.execute(text(f"SET LOCAL {setting} = off"))
        yield work.session, civic_database


@pytest.mark.parametrize("stage", [None, "open", "done"])
@pytest.mark.parametrize("sort", SORTS)
def test_each_order_of_a_list_is_that_of_an_index(reading, sort, stage):
    session, dialect = reading
    if dialect == "sqlite" and (sort, stage) in {("newest", "open"), ("oldest", "open")}:
        pytest.skip("SQLite takes this index where it has counted many cases")
    query = select(Case.id).where(Case.kind == "reports")
    if stage:
        query = query.where(in_stage(stage))
    found = plan(session, Window(SORTS[sort]).narrow(query))
    assert "USE TEMP B-TREE FOR ORDER BY" not in found
    assert not re.search(r"(?<!Incremental )Sort  [(]", found), found


@pytest.mark.parametrize("sort", sorts_of(EVERYWHERE))
def test_a_search_of_every_kind_goes_along_an_index(reading, site, sort):
    session, _dialect = reading
    grant = Grant(permissions=VIEW, units=frozenset({3}))
    for actor in (SYSTEM, Identity(user_id=7, name="", door="staff", grants=(grant,))):
        with site.work(actor=actor, write=False) as work:
            query = InboxService(work).query(EVERYWHERE, Filters(), Case.id)
        found = plan(session, Window(SORTS[sort]).narrow(query))
        assert "ix_cases_created_at" in found, found
        assert not re.search(r"(?<!Incremental )Sort  [(]", found), found


def test_the_first_and_the_last_case_are_found_without_a_look_at_the_others(reading):
    session, dialect = reading
    found = plan(session, ENDS)
    assert found.count("SEARCH cases" if dialect == "sqlite" else "Index Only Scan") == 2, found
    assert "SCAN cases" not in found


def test_a_form_that_was_sent_before_is_found_by_its_key_however_few_cases_have_one(site, civic_database):
    with site.work() as work:
        if civic_database == "sqlite":
            # As ANALYZE counts ten thousand cases that staff have registered.
            for words in (
                "ANALYZE",
                "INSERT INTO sqlite_stat1 VALUES ('cases', 'sqlite_autoindex_cases_2', '10000 10000')",
                "ANALYZE sqlite_schema",
            ):
                work.session.execute(text(words))
        else:
            work.session.execute(text("SET LOCAL enable_seqscan = off"))
        found = plan(work.session, TAKEN.params(key="k", code="c"))
        assert not re.search("SCAN cases|Seq Scan", found), found


@pytest.mark.parametrize("sort", ["deadline", "updated"])
def test_a_list_of_some_days_is_not_looked_for_among_all_that_was_before(reading, clock, sort):
    session, dialect = reading
    query = select(Case.id).where(Case.kind == "reports", Case.created_at >= clock.now())
    found = plan(session, Window(SORTS[sort], since=clock.now()).narrow(query))
    column = SORTS[sort].column.key
    begins = rf"[(]kind=[?] AND {column}>[?][)]" if dialect == "sqlite" else rf"Index Cond: .*{column} >="
    assert re.search(begins, found), found


@pytest.mark.parametrize("verb", ["view", "contact"])
@pytest.mark.parametrize("walked", [False, True])
@pytest.mark.parametrize("categories", [None, frozenset({5})])
def test_sqlite_looks_for_the_lines_of_a_case_not_for_those_of_a_unit(reading, verb, walked, categories):
    session, dialect = reading
    if dialect != "sqlite":
        pytest.skip("PostgreSQL knows numbers of its rows")
    grant = Grant(permissions=VIEW, units=frozenset({3, 4}), categories=categories)
    officer = Identity(user_id=7, name="", door="staff", grants=(grant,))
    found = plan(session, select(Case.id).where(visible(officer, verb, walked=walked)))
    assert "USING INDEX ix_referrals_case_id_id (case_id=?)" in found
    assert "to_unit_id=?" not in found


@pytest.mark.parametrize("walked", [False, True])
def test_postgresql_asks_each_case_of_a_walk_for_its_lines(reading, walked):
    session, dialect = reading
    if dialect == "sqlite":
        pytest.skip("SQLite makes no table of the lines of a person")
    grant = Grant(permissions=VIEW, units=frozenset({3, 4}))
    officer = Identity(user_id=7, name="", door="staff", grants=(grant,))
    query = select(Case.id).where(visible(officer, walked=walked)).order_by(Case.created_at).limit(25)
    assert ("hashed SubPlan" in plan(session, query)) is not walked


@pytest.mark.parametrize(("column", "number", "is_kept"), [(Case.kind, 3, True), (Case.code, 1000, False)])
def test_a_plan_for_many_ids_is_made_with_them(reading, column, number, is_kept):
    session, dialect = reading
    if dialect == "sqlite":
        pytest.skip("SQLite makes a plan each time")
    for _time in range(12):
        session.execute(select(column).where(among(Case.id, range(number), dialect))).all()
    kept = session.execute(text("SELECT statement FROM pg_prepared_statements")).scalars()
    asked = f"SELECT cases.{column.key} \nFROM cases \nWHERE cases.id = ANY"
    assert any(asked in statement for statement in kept) is is_kept


def test_what_is_asked_for_with_many_ids_may_be_read_slice_by_slice(site):
    with site.work(write=False, patience=5) as work:
        asked = select(Case.id).where(among(Case.id, range(FEW_IDS + 1), site.engines.dialect))
        assert work.session.scalars(asked.execution_options(yield_per=10)).all() == []


def test_lines_that_somebody_closed_today_are_compared_within_their_case_only(reading, site):
    session, _dialect = reading
    grant = Grant(permissions=VIEW, units=frozenset({3}))
    with site.work(actor=Identity(user_id=7, name="", door="staff", grants=(grant,)), write=False) as work:
        query = InboxService(work).query("closed", Filters(), Case.id)
    found = plan(session, query)
    assert found.count("ix_referrals_closed_by_id_closed_at") == 1, found
    assert "ix_referrals_case_id_id" in found


def test_a_code_that_is_deleted_finds_its_message(reading):
    session, _dialect = reading
    # So both databases look for what ``ON DELETE SET NULL`` changes.
    told = select(OutboxMessage.id).where(OutboxMessage.challenge_id == 7)
    assert "ix_outbox_challenge_id" in plan(session, told)


@pytest.mark.parametrize("table", [AuditEvent, CaseEvent])
def test_what_somebody_did_is_found_without_reading_what_everybody_did(reading, table):
    session, _dialect = reading
    assert f"ix_{table.__tablename__}_actor_id" in plan(session, select(table.id).where(table.actor_id == 7))


#: What a limited ANALYZE of SQLite says of a million cases: of NULL it believes that it is one moment, or one person, of many.
STATISTICS = """\
cases ix_cases_open_deadline 412888 6667 23 1
cases ix_cases_kind_deadline_id 1000000 10001 53 1
cases ix_cases_kind_updated_at_id 1000000 10001 1 1
cases ix_cases_open 412888 6667 1 1 1 1 1
cases ix_cases_unit_id_stage_deadline 1000000 10001 6667 10
cases ix_cases_kind_status_created_at_id 1000000 10001 6667 1 1
cases ix_cases_kind_stage_created_at_id 1000000 10001 5001 1 1
cases ix_cases_category_id_stage 1000000 6667 3334
"""


@pytest.fixture
def million(site, civic_database):
    if civic_database != "sqlite":
        pytest.skip("PostgreSQL knows numbers of its rows")
    with site.work() as work:
        session = work.session
        session.execute(text("ANALYZE"))
        session.execute(text("DELETE FROM sqlite_stat1"))
        for line in STATISTICS.splitlines():
            table, index, numbers = line.split(" ", 2)
            row = {"tbl": table, "idx": index, "stat": numbers}
            session.execute(text("INSERT INTO sqlite_stat1 VALUES (:tbl, :idx, :stat)"), row)
        session.execute(text("ANALYZE sqlite_schema"))
        yield session


def test_lines_that_nobody_has_taken_are_met_in_the_order_of_their_deadlines(million):
    grants = (Grant(permissions=frozenset(), administrator=True),)
    boss = Identity(user_id=7, name="", door="staff", grants=grants)
    (*_own, free) = parts(boss)
    found = plan(million, select(Referral.id).where(free).order_by(Referral.deadline).limit(100))
    assert "ix_referrals_deadline" in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("filters", [Filters(kind="reports", status="in_review"), Filters(category=5)])
def test_somebodys_own_lines_are_not_looked_for_among_those_of_a_kind_or_a_category(million, site, filters):
    grants = (Grant(permissions=frozenset(), administrator=True),)
    asked = []
    with site.work(actor=Identity(user_id=7, name="", door="staff", grants=grants), write=False) as work:
        event.listen(work.session, "do_orm_execute", lambda state: asked.append(state.statement))
        InboxService(work).page("overdue", filters)
        InboxService(work).counts(filters)
    plans = [found for found in (plan(million, query) for query in asked) if "ix_referrals_" in found]
    assert len(plans) == 2
    for found in plans:
        assert re.search(r"ix_referrals_to_user [(]to_user_id=[?]", found), found
        assert re.search(r"ix_referrals_taken_by [(]taken_by_id=[?]", found), found


@pytest.fixture
def officer(site, monkeypatch):
    """Who is of a unit with more cases than are looked up one by one."""
    monkeypatch.setattr(scope, "_FEW", 0)
    with site.work() as work:
        unit = make_unit(work, "large")
        make_case(work, category=make_category(work, "any", unit=unit))
        return identity(work, make_staff(work, "officer", unit=unit))


def test_sqlite_is_given_the_ids_of_a_large_unit_of_all_the_time_and_not_of_some_days(
    officer, million, site, clock
):
    kind, today = "petitions", site.calendar.today(clock.now())
    with site.work(actor=officer, write=False) as work:
        seen = work.get(scope.CaseScope).seen
        plans = [
            plan(million, select(Case.id).where(Case.kind == kind, seen(kind, day))) for day in (None, today)
        ]
    assert ["LIST SUBQUERY" in found for found in plans] == [True, False], plans


@pytest.mark.parametrize("timing", [overdue(NOON), closed_on_time()])
@pytest.mark.parametrize("sort", SORTS)
def test_late_cases_and_those_that_were_not_are_not_gathered_by_their_deadlines(million, sort, timing):
    asked = select(Case.id).where(Case.kind == "reports", timing)
    assert "deadline<?" not in plan(million, Window(SORTS[sort]).narrow(asked))
