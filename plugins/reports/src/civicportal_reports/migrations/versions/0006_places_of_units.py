"""An officer's map is read from the counters of their units alone."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX, TABLE = "ix_reports_place_count_unit_id_level", "reports_place_count"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.create_index(INDEX, TABLE, ["unit_id", "level"])


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
