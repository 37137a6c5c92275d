"""Add counters of places for districts."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EMPTY = "DELETE FROM reports_place_count WHERE level = -18"
FILL = """
INSERT INTO reports_place_count
    (level, grid_row, grid_column, district, stage, status, category_id, unit_id, public, n)
SELECT -18, grid_row, grid_column, district, stage, status, 0, 0, public, sum(n)
FROM reports_place_count WHERE level = 18
GROUP BY grid_row, grid_column, district, stage, status, public
ORDER BY grid_row, grid_column, district, stage, status, public
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
    # Newer code may already have counted what came since it runs.
    op.execute(EMPTY)
    op.execute(FILL)


def downgrade() -> None:
    op.execute(EMPTY)
