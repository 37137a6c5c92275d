"""Add tokens for programs, and machine clients."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("machine", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "clients",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("role_id", db.BigId, nullable=True),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("made_by_id", db.BigId, nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_clients_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_clients_role_id_roles"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_clients_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["users.id"], name=op.f("fk_clients_made_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("user_id", name=op.f("uq_clients_user_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("realm", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("ending", sa.String(length=4), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("made_by_id", db.BigId, nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime(), nullable=False),
        sa.Column("last_used_at", db.UTCDateTime(), nullable=True),
        sa.Column("revoked_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_api_tokens_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["users.id"], name=op.f("fk_api_tokens_made_by_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"])
    op.create_index(op.f("ix_api_tokens_expires_at"), "api_tokens", ["expires_at"])


def downgrade() -> None:
    op.drop_table("api_tokens")
    op.drop_table("clients")
    op.drop_column("users", "machine")
