"""By which indexes the databases answer: what is quick with forty cases and takes minutes with a million shows here alone."""

import re

import pytest
from sqlalchemy import select, text

from civicportal.access import visible
from civicportal.cases.conditions import in_stage
from civicportal.cases.models import Case
from civicportal.cases.paging import SORTS, Window
from civicportal.security import Grant, Identity

VIEW = frozenset({"reports:case:view", "reports:case:contact"})


def plan(session, query, dialect):
    """Return how the database answers a query, one text."""
    asked = "EXPLAIN " if dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    compiled = query.compile(session.connection(), compile_kwargs={"render_postcompile": True})
    rows = session.connection().exec_driver_sql(asked + compiled.string, _parameters(compiled, dialect))
    return "\n".join(str(row[-1]) for row in rows)


def _parameters(compiled, dialect):
    if dialect == "postgresql":
        return compiled.construct_params()
    values = compiled.construct_params()
    return tuple(values[name] for name in compiled.positiontup)


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
    found = plan(session, Window(SORTS[sort]).narrow(query), dialect)
    assert "USE TEMP B-TREE FOR ORDER BY" not in found
    assert not re.search(r"(?<!Incremental )Sort  [(]", found), found


@pytest.mark.parametrize("verb", ["view", "contact"])
@pytest.mark.parametrize("walked", [False, True])
@pytest.mark.parametrize("categories", [None, frozenset({5})])
def test_sqlite_looks_for_the_lines_of_a_case_not_for_those_of_a_unit(reading, verb, walked, categories):
    session, dialect = reading
    if dialect != "sqlite":
        pytest.skip("PostgreSQL knows numbers of its rows")
    grant = Grant(permissions=VIEW, units=frozenset({3, 4}), categories=categories)
    officer = Identity(user_id=7, name="", door="staff", grants=(grant,))
    found = plan(session, select(Case.id).where(visible(officer, verb, walked=walked)), dialect)
    assert "USING INDEX ix_referrals_case_id_id (case_id=?)" in found
    assert "to_unit_id=?" not in found
