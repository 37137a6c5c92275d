"""Add links for contractors, and mark referrals of cases that a contractor has answered."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contractor_links",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("unit_id", db.BigId, nullable=False),
        sa.Column("referral_id", db.BigId, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by_id", db.BigId, nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("ends_at", db.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", db.UTCDateTime(), nullable=True),
        sa.Column("used_at", db.UTCDateTime(), nullable=True),
        sa.Column("answered_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_contractor_links_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_contractor_links_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["users.id"], name=op.f("fk_contractor_links_made_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contractor_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_contractor_links_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_contractor_links_case_id"), "contractor_links", ["case_id"])
    op.add_column(
        "referrals", sa.Column("contracted", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("referrals", "contracted")
    op.drop_table("contractor_links")
