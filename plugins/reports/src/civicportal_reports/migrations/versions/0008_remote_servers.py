"""Reports are delivered to Open311 servers of others."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "reports_remote_server",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("jurisdiction", sa.String(length=255), nullable=False),
        sa.Column("api_key", sa.String(length=1500), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("pictures", sa.String(length=10), nullable=False),
        sa.Column("closes_with", sa.String(length=40), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("services_at", db.UTCDateTime(), nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_remote_server")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reports_remote_delivery",
        sa.Column("server_id", db.BigId, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("service_code", sa.String(length=100), nullable=False),
        sa.Column("remote_id", sa.String(length=100), nullable=False),
        sa.Column("token", sa.String(length=100), nullable=False),
        sa.Column("doubtful_at", db.UTCDateTime(), nullable=True),
        sa.Column("remote_status", sa.String(length=10), nullable=False),
        sa.Column("remote_notes", sa.String(length=300), nullable=False),
        sa.Column("remote_at", db.UTCDateTime(), nullable=True),
        sa.Column("checked_at", db.UTCDateTime(), nullable=True),
        sa.Column("missing_at", db.UTCDateTime(), nullable=True),
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("next_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime(), nullable=True),
        sa.Column("locked_until", db.UTCDateTime(), nullable=True),
        sa.Column("lease_id", sa.String(length=32), nullable=True),
        sa.Column("sent_at", db.UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
            name=op.f("fk_reports_remote_delivery_case_id_cases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["reports_remote_server.id"],
            name=op.f("fk_reports_remote_delivery_server_id_reports_remote_server"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_remote_delivery")),
        sa.UniqueConstraint(
            "case_id", "server_id", name=op.f("uq_reports_remote_delivery_case_id_server_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reports_remote_delivery_created_at"), "reports_remote_delivery", ["created_at"])
    op.create_index(
        op.f("ix_reports_remote_delivery_server_id_remote_id"),
        "reports_remote_delivery",
        ["server_id", "remote_id"],
    )
    op.create_index(
        op.f("ix_reports_remote_delivery_server_id_state_id"),
        "reports_remote_delivery",
        ["server_id", "state", "id"],
    )
    op.create_index(
        "ix_reports_remote_delivery_waiting",
        "reports_remote_delivery",
        ["next_at"],
        postgresql_where=sa.text("state IN ('new', 'leased')"),
        sqlite_where=sa.text("state IN ('new', 'leased')"),
    )

    op.create_table(
        "reports_remote_health",
        sa.Column("server_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", db.UTCDateTime(), nullable=True),
        sa.Column("retry_at", db.UTCDateTime(), nullable=True),
        sa.Column("last_ok_at", db.UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.Column("lists_ours", sa.Boolean(), nullable=False),
        sa.Column("fetched_at", db.UTCDateTime(), nullable=True),
        sa.Column("updates_until", db.UTCDateTime(), nullable=True),
        sa.Column("has_updates", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["reports_remote_server.id"],
            name=op.f("fk_reports_remote_health_server_id_reports_remote_server"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_reports_remote_health")),
    )
    op.create_table(
        "reports_remote_rule",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("server_id", db.BigId, nullable=False),
        sa.Column("category_id", db.BigId, nullable=True),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("service_code", sa.String(length=100), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["reports_remote_server.id"],
            name=op.f("fk_reports_remote_rule_server_id_reports_remote_server"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_remote_rule")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reports_remote_rule_server_id"), "reports_remote_rule", ["server_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("reports_remote_rule")
    op.drop_table("reports_remote_health")
    op.drop_table("reports_remote_delivery")
    op.drop_table("reports_remote_server")
