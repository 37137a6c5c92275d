"""Add monthly counters and search words of names.

Figures of an officer's units are read from an index alone.

Months need the city's calendar and words are made in Python: ``civicportal db upgrade`` fills both afterwards, in small
transactions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MEASURES = ("on_time", "late", "reopened", "rated", "satisfied", "hops")


# Share of changed rows after which PostgreSQL vacuums and analyses a table. The default, a fifth,
# would be weeks of a city's cases: statistics use index-only scans only where it has vacuumed.
OFTEN = (
    "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,"
    " autovacuum_analyze_scale_factor = 0.02"
)
LARGE = ("cases", "case_events", "referrals", "case_counts", "case_month_counts", "case_search", "outbox")
#: Counters are updated in place (HOT) while their page has room.
COUNTERS = ("case_counts", "case_month_counts")


def upgrade() -> None:
    op.create_table(
        "case_month_counts",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column(
            "category_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "unit_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in MEASURES),
        sa.PrimaryKeyConstraint(
            "kind", "day", "stage", "status", "category_id", "unit_id", name=op.f("pk_case_month_counts")
        ),
    )

    op.create_index("ix_ratings_updated_at_stars", "ratings", ["updated_at", "stars"])
    op.add_column("users", sa.Column("search_name", sa.String(length=400), server_default="", nullable=False))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
        _figures(["id"])
        for table in LARGE:
            op.execute(f"ALTER TABLE {table} SET ({OFTEN})")
        for table in COUNTERS:
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 80)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        names = ", ".join(part.split("=")[0].strip() for part in OFTEN.split(","))
        for table in LARGE:
            op.execute(f"ALTER TABLE {table} RESET ({names}, fillfactor)")
        _figures([])
    with op.batch_alter_table("users", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_column("search_name")
    op.drop_index("ix_ratings_updated_at_stars", table_name="ratings")
    op.drop_table("case_month_counts")


def _figures(included: list[str]) -> None:
    """Recreate the covering index of statistics with more columns."""
    op.drop_index("ix_cases_figures", table_name="cases")
    columns = ["kind", "created_at", "category_id", "unit_id", "handling_minutes", "citizen_id"]
    op.create_index("ix_cases_figures", "cases", columns, postgresql_include=included)
