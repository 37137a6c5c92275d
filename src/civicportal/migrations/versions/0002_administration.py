"""Administration."""

import sqlalchemy as sa
from alembic import op

from civicportal import db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("last_id", db.BigId, nullable=False),
        sa.Column("ranges", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_seals_hash")),
        sa.UniqueConstraint("previous", name=op.f("uq_audit_seals_previous")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit_seals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_seals_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_seals_source"), ["source"], unique=False)

    op.create_table(
        "closures",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
    )
    op.create_table(
        "health_checks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_checks")),
    )
    op.create_table(
        "office_hours",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("weekend", sa.JSON(), nullable=False),
        sa.Column("half_days", sa.JSON(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("half_day_ends", sa.Time(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_hours")),
    )
    op.create_table(
        "ready_texts",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("transition", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ready_texts")),
    )
    with op.batch_alter_table("ready_texts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ready_texts_kind_position"), ["kind", "position"], unique=False)

    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_by_id", db.BigId, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.create_table(
        "identity_claims",
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("national_code", sa.String(length=400), nullable=False),
        sa.Column("birth_date", sa.String(length=400), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_identity_claims_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_identity_claims")),
    )
    with op.batch_alter_table("identity_claims", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_claims_next_at"), ["next_at"], unique=False)

    op.create_table(
        "invitations",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("user_id", db.BigId, nullable=True),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("grants", sa.JSON(), nullable=False),
        sa.Column("inviter_id", db.BigId, nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime(), nullable=False),
        sa.Column("used_at", db.UTCDateTime(), nullable=True),
        sa.Column("revoked_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["inviter_id"], ["users.id"], name=op.f("fk_invitations_inviter_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_invitations_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitations_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_invitations_user_id"), ["user_id"], unique=False)

    op.create_table(
        "notification_choices",
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("case_notices", sa.Boolean(), nullable=False),
        sa.Column("reminders", sa.Boolean(), nullable=False),
        sa.Column("broadcasts", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_choices_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_choices")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("digests", sa.String(length=160), server_default="", nullable=False))

    with op.batch_alter_table("case_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("digests", sa.String(length=160), server_default="", nullable=False))

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deadline_from", db.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("deadline_work", sa.Integer(), nullable=True))

    with op.batch_alter_table("gates", schema=None) as batch_op:
        batch_op.add_column(sa.Column("credit", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("credit_at", db.UTCDateTime(), nullable=True))

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("batch", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("locale", sa.String(length=10), server_default="", nullable=False))
        batch_op.add_column(sa.Column("delivery", sa.String(length=12), server_default="", nullable=False))
        batch_op.add_column(sa.Column("delivered_at", db.UTCDateTime(), nullable=True))
        batch_op.create_index(
            "ix_outbox_batch",
            ["batch", "state"],
            unique=False,
            postgresql_where=sa.text("batch IS NOT NULL"),
            sqlite_where=sa.text("batch IS NOT NULL"),
        )

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deleted_by_id", db.BigId, nullable=True))
        batch_op.add_column(sa.Column("erased_at", db.UTCDateTime(), nullable=True))
        batch_op.drop_index(batch_op.f("ix_users_national_code_index"))
        batch_op.create_index(
            batch_op.f("ix_users_national_code_index"), ["national_code_index"], unique=True
        )


def downgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_users_national_code_index"))
        batch_op.create_index(
            batch_op.f("ix_users_national_code_index"), ["national_code_index"], unique=False
        )
        batch_op.drop_column("erased_at")
        batch_op.drop_column("deleted_by_id")

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_batch",
            postgresql_where=sa.text("batch IS NOT NULL"),
            sqlite_where=sa.text("batch IS NOT NULL"),
        )
        batch_op.drop_column("delivered_at")
        batch_op.drop_column("delivery")
        batch_op.drop_column("locale")
        batch_op.drop_column("batch")

    with op.batch_alter_table("gates", schema=None) as batch_op:
        batch_op.drop_column("credit_at")
        batch_op.drop_column("credit")

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_column("deadline_work")
        batch_op.drop_column("deadline_from")

    with op.batch_alter_table("case_events", schema=None) as batch_op:
        batch_op.drop_column("digests")

    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_column("digests")

    op.drop_table("notification_choices")
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitations_user_id"))
        batch_op.drop_index(batch_op.f("ix_invitations_expires_at"))

    op.drop_table("invitations")
    with op.batch_alter_table("identity_claims", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_claims_next_at"))

    op.drop_table("identity_claims")
    op.drop_table("settings")
    with op.batch_alter_table("ready_texts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ready_texts_kind_position"))

    op.drop_table("ready_texts")
    op.drop_table("office_hours")
    op.drop_table("health_checks")
    op.drop_table("closures")
    with op.batch_alter_table("audit_seals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_seals_source"))
        batch_op.drop_index(batch_op.f("ix_audit_seals_at"))

    op.drop_table("audit_seals")
