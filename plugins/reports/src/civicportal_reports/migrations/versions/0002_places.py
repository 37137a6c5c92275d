"""Counters of places for the map of the whole city."""

import sqlalchemy as sa
from alembic import op

from civicportal import db
from civicportal_reports.grid_columns import cell_columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LEVELS = (16, 18)


def upgrade() -> None:
    """Create the counters, and count what is there."""
    counts = op.create_table(
        "reports_place_count",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grid_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grid_column", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("district", sa.String(length=100), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("category_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("unit_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "level",
            "grid_row",
            "grid_column",
            "district",
            "stage",
            "status",
            "category_id",
            "unit_id",
            "public",
            name=op.f("pk_reports_place_count"),
        ),
        sqlite_with_rowid=False,
    )
    names = [column.name for column in counts.columns]
    for level in LEVELS:
        op.execute(counts.insert().from_select(names, _counted(level)))


def _counted(level: int) -> sa.Select[tuple[object, ...]]:
    report = sa.table(
        "reports_report", sa.column("case_id"), sa.column("lat", sa.Float), sa.column("lon", sa.Float)
    )
    report.append_column(sa.column("district"))
    names = ("id", "stage", "status", "category_id", "unit_id", "public")
    case = sa.table("cases", *[sa.column(name) for name in names])
    columns = (
        *cell_columns(report.c.lat, report.c.lon, level),
        report.c.district,
        case.c.stage,
        case.c.status,
        sa.func.coalesce(case.c.category_id, sa.literal_column("0")),
        sa.func.coalesce(case.c.unit_id, sa.literal_column("0")),
        case.c.public,
    )
    query = sa.select(sa.literal_column(str(level)), *columns, sa.func.count()).select_from(
        report.join(case, case.c.id == report.c.case_id)
    )
    return query.where(report.c.lat.is_not(None)).group_by(*columns).order_by(*columns)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("reports_place_count")
