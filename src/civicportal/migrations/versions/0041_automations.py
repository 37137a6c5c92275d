"""Add automations and their runs."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table(
        "automations",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("active_since", db.UTCDateTime(), nullable=False),
        sa.Column("failing", sa.Boolean(), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("age", sa.Float(), nullable=True),
        sa.Column("age_unit", sa.String(length=5), nullable=False),
        sa.Column("backlog", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=True),
        sa.Column("category_id", db.BigId, nullable=True),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("source", sa.String(length=10), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("set_urgent", sa.Boolean(), nullable=True),
        sa.Column("to_unit_id", db.BigId, nullable=True),
        sa.Column("to_user_id", db.BigId, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("tells", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_automations_category_id_categories")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_automations_unit_id_units")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["units.id"], name=op.f("fk_automations_to_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["to_user_id"], ["users.id"], name=op.f("fk_automations_to_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automations")),
        sa.UniqueConstraint("key", name=op.f("uq_automations_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "automation_runs",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("automation_id", db.BigId, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("event_id", db.BigId, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", db.UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("case_version", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("done_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["automations.id"],
            name=op.f("fk_automation_runs_automation_id_automations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_automation_runs_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_runs")),
        sa.UniqueConstraint("automation_id", "event_id", name=op.f("uq_automation_runs_automation_id_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_automation_runs_case_id"), "automation_runs", ["case_id"])
    op.create_index(
        "ix_automation_runs_waiting",
        "automation_runs",
        ["due_at", "id"],
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    )
    op.create_index("ix_automation_runs_done", "automation_runs", ["automation_id", "state", "done_at"])
    op.create_index("ix_automation_runs_log", "automation_runs", ["automation_id", "id"])


def downgrade() -> None:
    op.drop_table("automation_runs")
    op.drop_table("automations")
