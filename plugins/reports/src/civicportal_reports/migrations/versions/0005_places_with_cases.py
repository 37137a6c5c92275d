"""Add the case to the index of places, so that recent reports of a street are found in it."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "reports_report"
PLACE = ["lat", "lon"]


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.create_index(f"ix_{TABLE}_lat_lon_case_id", TABLE, [*PLACE, "case_id"])
    op.drop_index(f"ix_{TABLE}_lat_lon", TABLE)


def downgrade() -> None:
    op.create_index(f"ix_{TABLE}_lat_lon", TABLE, PLACE)
    op.drop_index(f"ix_{TABLE}_lat_lon_case_id", TABLE)
