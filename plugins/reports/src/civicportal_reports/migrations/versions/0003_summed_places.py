"""Add counters of places for the whole city."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FILL = """
INSERT INTO reports_place_count
    (level, grid_row, grid_column, district, stage, status, category_id, unit_id, public, n)
SELECT -16, grid_row, grid_column, district, stage, status, 0, 0, public, sum(n)
FROM reports_place_count WHERE level = 16
GROUP BY grid_row, grid_column, district, stage, status, public
ORDER BY grid_row, grid_column, district, stage, status, public
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.execute(FILL)


def downgrade() -> None:
    op.execute("DELETE FROM reports_place_count WHERE level = -16")
