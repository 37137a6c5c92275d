"""Other servers may speak XML, get our updates, and have more updates than one run reads."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table of our updates."""
    server, health = "reports_remote_server", "reports_remote_health"
    op.add_column(server, sa.Column("form", sa.String(length=4), server_default="json", nullable=False))
    op.add_column(server, sa.Column("tells", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(health, sa.Column("updates_end", db.UTCDateTime(), nullable=True))
    op.add_column(health, sa.Column("updates_page", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "reports_remote_update",
        sa.Column("delivery_id", db.BigId, nullable=False),
        sa.Column("event_id", db.BigId, nullable=False),
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
            ["delivery_id"],
            ["reports_remote_delivery.id"],
            name=op.f("fk_reports_remote_update_delivery_id_reports_remote_delivery"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["case_events.id"],
            name=op.f("fk_reports_remote_update_event_id_case_events"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_remote_update")),
        sa.UniqueConstraint(
            "delivery_id", "event_id", name=op.f("uq_reports_remote_update_delivery_id_event_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reports_remote_update_created_at"), "reports_remote_update", ["created_at"])
    op.create_index(op.f("ix_reports_remote_update_event_id"), "reports_remote_update", ["event_id"])
    op.create_index(
        "ix_reports_remote_update_waiting",
        "reports_remote_update",
        ["next_at"],
        postgresql_where=sa.text("state IN ('new', 'leased')"),
        sqlite_where=sa.text("state IN ('new', 'leased')"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("reports_remote_update")
    for table, column in (
        ("reports_remote_health", "updates_page"),
        ("reports_remote_health", "updates_end"),
        ("reports_remote_server", "tells"),
        ("reports_remote_server", "form"),
    ):
        op.drop_column(table, column)
