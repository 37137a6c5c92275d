"""Measures of cases for statistics, on the case and in the counters.

Filled here for existing cases: numbers of referrals and reopenings, and ratings of their last
closing. Handling times need the city's calendar and the counters its time zone, so the worker computes both afterwards
(``civicportal stats rebuild`` does so at once).
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 20_000
"""Ids of cases per statement."""
OPEN = sa.text("stage IN ('registered', 'in_progress')")
UNMEASURED = sa.text("closed_at IS NOT NULL AND handling_minutes IS NULL")
ON_CASES = ("reopenings", "hops", "rated", "satisfied")
ON_COUNTS = ("on_time", "late", "reopened", "rated", "satisfied", "hops")

LINES = """
UPDATE cases SET
    hops = (SELECT count(*) FROM referrals r JOIN case_events e ON e.id = r.opened_event_id
            WHERE r.case_id = cases.id AND r.type = 'action' AND e.type IN ('referred', 'returned')
              AND coalesce(r.closed_how, '') <> 'undone'),
    reopenings = (SELECT count(*) FROM referrals r JOIN case_events e ON e.id = r.opened_event_id
                  WHERE r.case_id = cases.id AND r.type = 'action' AND e.type = 'transition'
                    AND coalesce(r.closed_how, '') <> 'undone')
WHERE id BETWEEN :first AND :last
"""
RATINGS = """
UPDATE cases SET
    rated = (SELECT count(*) FROM ratings WHERE ratings.case_id = cases.id AND closing_id = {closing}),
    satisfied = (SELECT count(*) FROM ratings
                 WHERE ratings.case_id = cases.id AND closing_id = {closing} AND stars >= 4)
WHERE id BETWEEN :first AND :last AND EXISTS (SELECT 1 FROM ratings WHERE ratings.case_id = cases.id)
""".replace(
    "{closing}",
    "(SELECT max(r.closed_event_id) FROM referrals r"
    " WHERE r.case_id = cases.id AND r.type = 'action' AND r.closed_how = 'acted')",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Creates three indexes over all cases, and updates every case once.
        op.execute("SET LOCAL statement_timeout = '30min'")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("handling_minutes", sa.Integer(), nullable=True))
        for name in ON_CASES:
            batch_op.add_column(sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    # They lack the new columns; without any counters they are rebuilt soon.
    op.execute("DELETE FROM case_counts")
    with op.batch_alter_table("case_counts", schema=None) as batch_op:
        for name in ON_COUNTS:
            batch_op.add_column(sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    _fill()
    op.create_index(
        "ix_cases_figures",
        "cases",
        ["kind", "created_at", "category_id", "unit_id", "handling_minutes", "citizen_id"],
    )
    op.create_index(
        "ix_cases_open",
        "cases",
        ["kind", "created_at", "deadline", "paused_at", "category_id", "unit_id"],
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )
    op.create_index(
        "ix_cases_unmeasured", "cases", ["id"], postgresql_where=UNMEASURED, sqlite_where=UNMEASURED
    )


def downgrade() -> None:
    for name in ("ix_cases_unmeasured", "ix_cases_open", "ix_cases_figures"):
        op.drop_index(name, table_name="cases")
    with op.batch_alter_table("case_counts", schema=None) as batch_op:
        for name in ON_COUNTS:
            batch_op.drop_column(name)
    with op.batch_alter_table("cases", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        for name in ("handling_minutes", *ON_CASES):
            batch_op.drop_column(name)


def _fill() -> None:
    connection = op.get_bind()
    last = connection.scalar(sa.text("SELECT max(id) FROM cases")) or 0
    for first in range(1, last + 1, BATCH):
        span = {"first": first, "last": first + BATCH - 1}
        connection.execute(sa.text(LINES), span)
        connection.execute(sa.text(RATINGS), span)
