"""Let programs get tokens by OAuth, for themselves and for people."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("secret_hash", sa.String(length=64), nullable=True))
    op.add_column("clients", sa.Column("redirect_uris", sa.JSON(), server_default="[]", nullable=False))
    op.create_table(
        "oauth_grants",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("client_id", db.BigId, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("realm", sa.String(length=10), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("code_expires_at", db.UTCDateTime(), nullable=False),
        sa.Column("code_used_at", db.UTCDateTime(), nullable=True),
        sa.Column("redirect_uri", sa.String(length=500), nullable=False),
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("revoked_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_oauth_grants_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_oauth_grants_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_grants")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_oauth_grants_code_hash")),
        sqlite_autoincrement=True,
    )
    for column in ("client_id", "user_id", "code_expires_at"):
        op.create_index(op.f(f"ix_oauth_grants_{column}"), "oauth_grants", [column])
    op.create_table(
        "oauth_refresh_tokens",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("grant_id", db.BigId, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime(), nullable=False),
        sa.Column("used_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["oauth_grants.id"],
            name=op.f("fk_oauth_refresh_tokens_grant_id_oauth_grants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_refresh_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_oauth_refresh_tokens_token_hash")),
        sqlite_autoincrement=True,
    )
    for column in ("grant_id", "expires_at"):
        op.create_index(op.f(f"ix_oauth_refresh_tokens_{column}"), "oauth_refresh_tokens", [column])
    with op.batch_alter_table("api_tokens", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("short", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("grant_id", db.BigId, nullable=True))
        table.create_foreign_key(
            op.f("fk_api_tokens_grant_id_oauth_grants"), "oauth_grants", ["grant_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index(op.f("ix_api_tokens_grant_id"), "api_tokens", ["grant_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_api_tokens_grant_id"), "api_tokens")
    with op.batch_alter_table("api_tokens", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(op.f("fk_api_tokens_grant_id_oauth_grants"), type_="foreignkey")
        table.drop_column("grant_id")
        table.drop_column("short")
    op.drop_table("oauth_refresh_tokens")
    op.drop_table("oauth_grants")
    op.drop_column("clients", "redirect_uris")
    op.drop_column("clients", "secret_hash")
