"""Add webhooks: addresses, their health, deliveries and attempts."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

WAITING = sa.text("state IN ('new', 'leased')")


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("category_id", db.BigId, nullable=True),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("secret", sa.String(length=300), nullable=False),
        sa.Column("former_secret", sa.String(length=300), nullable=True),
        sa.Column("former_until", db.UTCDateTime(), nullable=True),
        sa.Column("paused", sa.String(length=10), nullable=False),
        sa.Column("paused_at", db.UTCDateTime(), nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhook_health",
        sa.Column("webhook_id", db.BigId, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", db.UTCDateTime(), nullable=True),
        sa.Column("retry_at", db.UTCDateTime(), nullable=True),
        sa.Column("tried_at", db.UTCDateTime(), nullable=True),
        sa.Column("last_ok_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_health_webhook_id_webhooks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook_health")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("webhook_id", db.BigId, nullable=False),
        sa.Column("event_id", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("case_id", db.BigId, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
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
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_id_webhooks"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_webhook_deliveries_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook_id", "event_id", name=op.f("uq_webhook_deliveries_webhook_id_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["webhook_id", "next_at"],
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    )
    for columns in (["case_id", "webhook_id", "id"], ["webhook_id", "state", "id"], ["created_at"]):
        name = f"ix_webhook_deliveries_{'_'.join(columns)}"
        op.create_index(op.f(name), "webhook_deliveries", columns)
    op.create_table(
        "webhook_attempts",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("delivery_id", db.BigId, nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.id"],
            name=op.f("fk_webhook_attempts_delivery_id_webhook_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_webhook_attempts_delivery_id_id"), "webhook_attempts", ["delivery_id", "id"])


def downgrade() -> None:
    for table in ("webhook_attempts", "webhook_deliveries", "webhook_health", "webhooks"):
        op.drop_table(table)
