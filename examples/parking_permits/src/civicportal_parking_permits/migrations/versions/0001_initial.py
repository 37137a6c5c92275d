"""Initial."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parking_permits_zone",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parking_permits_zone")),
        sa.UniqueConstraint("key", name=op.f("uq_parking_permits_zone_key")),
    )
    op.create_table(
        "parking_permits_permit",
        sa.Column("case_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("zone_id", db.BigId, nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("renews_id", db.BigId, nullable=True),
        sa.Column("fee", sa.Integer(), nullable=True),
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.Column("paid_at", db.UTCDateTime(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("reminded_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
            name=op.f("fk_parking_permits_permit_case_id_cases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["renews_id"],
            ["cases.id"],
            name=op.f("fk_parking_permits_permit_renews_id_cases"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["zone_id"],
            ["parking_permits_zone.id"],
            name=op.f("fk_parking_permits_permit_zone_id_parking_permits_zone"),
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_parking_permits_permit")),
    )
    with op.batch_alter_table("parking_permits_permit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parking_permits_permit_zone_id"), ["zone_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_parking_permits_permit_plate"), ["plate"], unique=False)
        batch_op.create_index(batch_op.f("ix_parking_permits_permit_last_day"), ["last_day"], unique=False)


def downgrade() -> None:
    op.drop_table("parking_permits_permit")
    op.drop_table("parking_permits_zone")
