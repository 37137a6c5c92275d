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
        "audit_events",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("actor_id", db.BigId, nullable=True),
        sa.Column("actor_name", sa.String(length=120), nullable=False),
        sa.Column("door", sa.String(length=10), nullable=False),
        sa.Column("subject_id", db.BigId, nullable=True),
        sa.Column("case_id", db.BigId, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_events_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_case_id_at"), ["case_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_subject_id_at"), ["subject_id", "at"], unique=False)

    op.create_table(
        "case_counts",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("category_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("unit_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind", "day", "stage", "status", "category_id", "unit_id", name=op.f("pk_case_counts")
        ),
    )
    op.create_table(
        "gates",
        sa.Column("transport", sa.String(length=40), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("since", db.UTCDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ok_at", db.UTCDateTime(), nullable=True),
        sa.Column("probed_at", db.UTCDateTime(), nullable=True),
        sa.Column("worker_seen_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("transport", name=op.f("pk_gates")),
    )
    op.create_table(
        "holidays",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_holidays")),
    )
    op.create_table(
        "inbound",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("provider_id", sa.String(length=100), nullable=False),
        sa.Column("sender", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", db.UTCDateTime(), nullable=False),
        sa.Column("handled_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_inbound_provider_id")),
    )
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbound_sender"), ["sender"], unique=False)

    op.create_table(
        "job_runs",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("next_at", db.UTCDateTime(), nullable=False),
        sa.Column("locked_until", db.UTCDateTime(), nullable=True),
        sa.Column("lease_id", sa.String(length=32), nullable=True),
        sa.Column("last_ok_at", db.UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_runs")),
    )
    op.create_table(
        "limit_hits",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("window_start", db.UTCDateTime(), nullable=False),
        sa.Column("ends_at", db.UTCDateTime(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_start", name=op.f("pk_limit_hits")),
    )
    with op.batch_alter_table("limit_hits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_limit_hits_ends_at"), ["ends_at"], unique=False)

    op.create_table(
        "message_texts",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", "locale", name=op.f("pk_message_texts")),
    )
    op.create_table(
        "roles",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("builtin", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("key", name=op.f("uq_roles_key")),
    )
    op.create_table(
        "seeds",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_seeds")),
    )
    op.create_table(
        "units",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=25), nullable=False),
        sa.Column("parent_id", db.BigId, nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("key", name=op.f("uq_units_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=True),
        sa.Column("username", sa.String(length=60), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("totp_secret", sa.String(length=400), nullable=True),
        sa.Column("totp_step", db.BigId, nullable=True),
        sa.Column("national_code", sa.String(length=400), nullable=True),
        sa.Column("national_code_index", sa.String(length=64), nullable=True),
        sa.Column("birth_date", sa.String(length=400), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=True),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", db.UTCDateTime(), nullable=True),
        sa.Column("disabled_at", db.UTCDateTime(), nullable=True),
        sa.Column("deleted_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("mobile", name=op.f("uq_users_mobile")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_users_national_code_index"), ["national_code_index"], unique=False
        )

    op.create_table(
        "categories",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=25), nullable=False),
        sa.Column("parent_id", db.BigId, nullable=True),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("deadline_days", sa.Float(), nullable=True),
        sa.Column("icon", sa.String(length=40), nullable=False),
        sa.Column("tint", sa.String(length=2), nullable=False),
        sa.Column("hint", sa.String(length=200), nullable=False),
        sa.Column("synonyms", sa.JSON(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["categories.id"], name=op.f("fk_categories_parent_id_categories")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_categories_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_categories_kind_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deputies",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("absent_id", db.BigId, nullable=False),
        sa.Column("deputy_id", db.BigId, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["absent_id"], ["users.id"], name=op.f("fk_deputies_absent_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["deputy_id"], ["users.id"], name=op.f("fk_deputies_deputy_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputies")),
    )
    with op.batch_alter_table("deputies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deputies_absent_id"), ["absent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deputies_deputy_id"), ["deputy_id"], unique=False)

    op.create_table(
        "known_devices",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_known_devices_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_devices")),
        sa.UniqueConstraint("user_id", "device_hash", name=op.f("uq_known_devices_user_id_device_hash")),
    )
    op.create_table(
        "otp_challenges",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("user_id", db.BigId, nullable=True),
        sa.Column("cookie_hash", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime(), nullable=False),
        sa.Column("used_at", db.UTCDateTime(), nullable=True),
        sa.Column("hollow", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_otp_challenges_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_otp_challenges")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("otp_challenges", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_otp_challenges_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_otp_challenges_mobile"), ["mobile"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=False),
        sa.Column("used_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_codes_user_id"), ["user_id"], unique=False)

    op.create_table(
        "role_permissions",
        sa.Column("role_id", db.BigId, nullable=False),
        sa.Column("permission", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_role_permissions_role_id_roles"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_id", "permission", name=op.f("pk_role_permissions")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("door", sa.String(length=10), nullable=False),
        sa.Column("user_id", db.BigId, nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime(), nullable=False),
        sa.Column("proved_at", db.UTCDateTime(), nullable=True),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("citizen_id", db.BigId, nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("category_id", db.BigId, nullable=True),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.Column("closed_at", db.UTCDateTime(), nullable=True),
        sa.Column("deadline", db.UTCDateTime(), nullable=False),
        sa.Column("paused_at", db.UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.String(length=64), nullable=True),
        sa.Column("idempotency_key", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_cases_category_id_categories")
        ),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["users.id"], name=op.f("fk_cases_citizen_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_cases_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("code", name=op.f("uq_cases_code")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_cases_idempotency_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_cases_category_id_stage"), ["category_id", "stage"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_cases_citizen_id_created_at"), ["citizen_id", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_cases_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_created_at"), ["created_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_cases_kind_stage_created_at_id"),
            ["kind", "stage", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_cases_kind_status_created_at_id"),
            ["kind", "status", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_cases_public",
            ["kind", "created_at", "id"],
            unique=False,
            postgresql_where=sa.text("public"),
            sqlite_where=sa.text("public = 1"),
        )
        batch_op.create_index(
            batch_op.f("ix_cases_unit_id_stage_deadline"), ["unit_id", "stage", "deadline"], unique=False
        )

    op.create_table(
        "memberships",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("role_id", db.BigId, nullable=False),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("category_id", db.BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["categories.id"],
            name=op.f("fk_memberships_category_id_categories"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_memberships_role_id_roles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_memberships_unit_id_units"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memberships_user_id"), ["user_id"], unique=False)

    op.create_table(
        "routing_rules",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("category_id", db.BigId, nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("unit_id", db.BigId, nullable=False),
        sa.Column("user_id", db.BigId, nullable=True),
        sa.Column("deadline_days", sa.Float(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_routing_rules_category_id_categories")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_routing_rules_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_routing_rules_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rules")),
        sa.UniqueConstraint("key", name=op.f("uq_routing_rules_key")),
    )
    op.create_table(
        "attachments",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=22), nullable=False),
        sa.Column("case_id", db.BigId, nullable=True),
        sa.Column("event_id", db.BigId, nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("user_id", db.BigId, nullable=True),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_attachments_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("key", name=op.f("uq_attachments_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachments_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attachments_created_at"), ["created_at"], unique=False)

    op.create_table(
        "case_events",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("transition", sa.String(length=40), nullable=True),
        sa.Column("before", sa.String(length=40), nullable=True),
        sa.Column("after", sa.String(length=40), nullable=True),
        sa.Column("actor_id", db.BigId, nullable=True),
        sa.Column("actor_name", sa.String(length=120), nullable=False),
        sa.Column("door", sa.String(length=10), nullable=False),
        sa.Column("on_behalf_of_id", db.BigId, nullable=True),
        sa.Column("unit_id", db.BigId, nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("public_text", sa.Text(), nullable=False),
        sa.Column("internal_text", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("case_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_events_case_id_id"), ["case_id", "id"], unique=False)

    op.create_table(
        "case_links",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("from_id", db.BigId, nullable=False),
        sa.Column("to_id", db.BigId, nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_case_links_not_itself")),
        sa.ForeignKeyConstraint(
            ["from_id"], ["cases.id"], name=op.f("fk_case_links_from_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_id"], ["cases.id"], name=op.f("fk_case_links_to_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_links")),
        sa.UniqueConstraint("from_id", "to_id", "type", name=op.f("uq_case_links_from_id_to_id_type")),
    )
    with op.batch_alter_table("case_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_links_from_id"), ["from_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_links_to_id"), ["to_id"], unique=False)

    op.create_table(
        "followers",
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_followers_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_followers_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_followers")),
    )
    with op.batch_alter_table("followers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_followers_user_id"), ["user_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("event_key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("lane", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("recipient", sa.String(length=20), nullable=False),
        sa.Column("user_id", db.BigId, nullable=True),
        sa.Column("case_id", db.BigId, nullable=True),
        sa.Column("event_id", db.BigId, nullable=True),
        sa.Column("challenge_id", db.BigId, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("next_at", db.UTCDateTime(), nullable=False),
        sa.Column("expires_at", db.UTCDateTime(), nullable=True),
        sa.Column("locked_until", db.UTCDateTime(), nullable=True),
        sa.Column("lease_id", sa.String(length=32), nullable=True),
        sa.Column("sent_at", db.UTCDateTime(), nullable=True),
        sa.Column("provider_id", sa.String(length=100), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_outbox_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["challenge_id"],
            ["otp_challenges.id"],
            name=op.f("fk_outbox_challenge_id_otp_challenges"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_key", name=op.f("uq_outbox_event_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_outbox_case_id_recipient_id"), ["case_id", "recipient", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_outbox_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_user_id"), ["user_id"], unique=False)
        batch_op.create_index(
            "ix_outbox_waiting",
            ["lane", "next_at"],
            unique=False,
            postgresql_where=sa.text("state IN ('new', 'leased', 'unknown')"),
            sqlite_where=sa.text("state IN ('new', 'leased', 'unknown')"),
        )

    op.create_table(
        "ratings",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("user_id", db.BigId, nullable=False),
        sa.Column("closing_id", db.BigId, nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_ratings_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_ratings_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint(
            "case_id", "user_id", "closing_id", name=op.f("uq_ratings_case_id_user_id_closing_id")
        ),
    )
    with op.batch_alter_table("ratings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ratings_user_id"), ["user_id"], unique=False)

    op.create_table(
        "referrals",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("from_unit_id", db.BigId, nullable=True),
        sa.Column("from_user_id", db.BigId, nullable=True),
        sa.Column("to_unit_id", db.BigId, nullable=False),
        sa.Column("to_user_id", db.BigId, nullable=True),
        sa.Column("taken_by_id", db.BigId, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("read_at", db.UTCDateTime(), nullable=True),
        sa.Column("closed_at", db.UTCDateTime(), nullable=True),
        sa.Column("closed_how", sa.String(length=10), nullable=True),
        sa.Column("closed_by_id", db.BigId, nullable=True),
        sa.Column("previous_id", db.BigId, nullable=True),
        sa.Column("opened_event_id", db.BigId, nullable=True),
        sa.Column("closed_event_id", db.BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_referrals_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["from_unit_id"], ["units.id"], name=op.f("fk_referrals_from_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["from_user_id"], ["users.id"], name=op.f("fk_referrals_from_user_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["taken_by_id"], ["users.id"], name=op.f("fk_referrals_taken_by_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["to_unit_id"], ["units.id"], name=op.f("fk_referrals_to_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["to_user_id"], ["users.id"], name=op.f("fk_referrals_to_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("referrals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referrals_case_id_id"), ["case_id", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_referrals_taken_by_id_closed_at"), ["taken_by_id", "closed_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_referrals_to_unit_id_closed_at"), ["to_unit_id", "closed_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_referrals_to_user_id_closed_at"), ["to_user_id", "closed_at"], unique=False
        )
        batch_op.create_index(
            "uq_referrals_open_action",
            ["case_id"],
            unique=True,
            postgresql_where=sa.text("type = 'action' AND closed_at IS NULL"),
            sqlite_where=sa.text("type = 'action' AND closed_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("referrals", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_referrals_open_action",
            postgresql_where=sa.text("type = 'action' AND closed_at IS NULL"),
            sqlite_where=sa.text("type = 'action' AND closed_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_referrals_to_user_id_closed_at"))
        batch_op.drop_index(batch_op.f("ix_referrals_to_unit_id_closed_at"))
        batch_op.drop_index(batch_op.f("ix_referrals_taken_by_id_closed_at"))
        batch_op.drop_index(batch_op.f("ix_referrals_case_id_id"))

    op.drop_table("referrals")
    with op.batch_alter_table("ratings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ratings_user_id"))

    op.drop_table("ratings")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_waiting",
            postgresql_where=sa.text("state IN ('new', 'leased', 'unknown')"),
            sqlite_where=sa.text("state IN ('new', 'leased', 'unknown')"),
        )
        batch_op.drop_index(batch_op.f("ix_outbox_user_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_created_at"))
        batch_op.drop_index(batch_op.f("ix_outbox_case_id_recipient_id"))

    op.drop_table("outbox")
    with op.batch_alter_table("followers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_followers_user_id"))

    op.drop_table("followers")
    with op.batch_alter_table("case_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_links_to_id"))
        batch_op.drop_index(batch_op.f("ix_case_links_from_id"))

    op.drop_table("case_links")
    with op.batch_alter_table("case_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_events_case_id_id"))

    op.drop_table("case_events")
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attachments_created_at"))
        batch_op.drop_index(batch_op.f("ix_attachments_case_id"))

    op.drop_table("attachments")
    op.drop_table("routing_rules")
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_memberships_user_id"))

    op.drop_table("memberships")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cases_unit_id_stage_deadline"))
        batch_op.drop_index(
            "ix_cases_public", postgresql_where=sa.text("public"), sqlite_where=sa.text("public = 1")
        )
        batch_op.drop_index(batch_op.f("ix_cases_kind_status_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_cases_kind_stage_created_at_id"))
        batch_op.drop_index(batch_op.f("ix_cases_created_at"))
        batch_op.drop_index(batch_op.f("ix_cases_closed_at"))
        batch_op.drop_index(batch_op.f("ix_cases_citizen_id_created_at"))
        batch_op.drop_index(batch_op.f("ix_cases_category_id_stage"))

    op.drop_table("cases")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_user_id"))
        batch_op.drop_index(batch_op.f("ix_sessions_expires_at"))

    op.drop_table("sessions")
    op.drop_table("role_permissions")
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recovery_codes_user_id"))

    op.drop_table("recovery_codes")
    with op.batch_alter_table("otp_challenges", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_otp_challenges_mobile"))
        batch_op.drop_index(batch_op.f("ix_otp_challenges_expires_at"))

    op.drop_table("otp_challenges")
    op.drop_table("known_devices")
    with op.batch_alter_table("deputies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deputies_deputy_id"))
        batch_op.drop_index(batch_op.f("ix_deputies_absent_id"))

    op.drop_table("deputies")
    op.drop_table("categories")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_users_national_code_index"))

    op.drop_table("users")
    op.drop_table("units")
    op.drop_table("seeds")
    op.drop_table("roles")
    op.drop_table("message_texts")
    with op.batch_alter_table("limit_hits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_limit_hits_ends_at"))

    op.drop_table("limit_hits")
    op.drop_table("job_runs")
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbound_sender"))

    op.drop_table("inbound")
    op.drop_table("holidays")
    op.drop_table("gates")
    op.drop_table("case_counts")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_events_subject_id_at"))
        batch_op.drop_index(batch_op.f("ix_audit_events_case_id_at"))
        batch_op.drop_index(batch_op.f("ix_audit_events_at"))
        batch_op.drop_index(batch_op.f("ix_audit_events_action"))

    op.drop_table("audit_events")
