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
        "meetings_order",
        sa.Column("case_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("meeting_id", db.BigId, nullable=False),
        sa.Column("deadline_days", sa.Integer(), nullable=False),
        sa.Column("shared_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_meetings_order_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["cases.id"], name=op.f("fk_meetings_order_meeting_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_meetings_order")),
    )
    with op.batch_alter_table("meetings_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meetings_order_meeting_id"), ["meeting_id"], unique=False)

    op.create_table(
        "meetings_request",
        sa.Column("case_id", db.BigId, autoincrement=False, nullable=False),
        sa.Column("open_of", db.BigId, nullable=True),
        sa.Column("party", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("national_code", sa.String(length=200), nullable=True),
        sa.Column("national_code_index", sa.String(length=64), nullable=True),
        sa.Column("birth_date", sa.String(length=200), nullable=True),
        sa.Column("organization", sa.String(length=200), nullable=False),
        sa.Column("legal_id", sa.String(length=20), nullable=False),
        sa.Column("position", sa.String(length=100), nullable=False),
        sa.Column("suitable_days", sa.JSON(), nullable=False),
        sa.Column("suitable_part", sa.String(length=10), nullable=False),
        sa.Column("companions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_meetings_request_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_meetings_request")),
        sa.UniqueConstraint("open_of", name=op.f("uq_meetings_request_open_of")),
    )
    with op.batch_alter_table("meetings_request", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_meetings_request_national_code_index"), ["national_code_index"], unique=False
        )

    op.create_table(
        "meetings_session",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("start", db.UTCDateTime(), nullable=False),
        sa.Column("end", db.UTCDateTime(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("public_seats", sa.Integer(), nullable=False),
        sa.Column("office_seats", sa.Integer(), nullable=False),
        sa.Column("reserve_seats", sa.Integer(), nullable=False),
        sa.Column("cancelled_at", db.UTCDateTime(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings_session")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("meetings_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meetings_session_start"), ["start"], unique=False)

    op.create_table(
        "meetings_appointment",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("start", db.UTCDateTime(), nullable=False),
        sa.Column("end", db.UTCDateTime(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("expert_note", sa.Text(), nullable=False),
        sa.Column("session_id", db.BigId, nullable=True),
        sa.Column("seat", sa.String(length=10), nullable=False),
        sa.Column("response", sa.String(length=12), nullable=False),
        sa.Column("responded_at", db.UTCDateTime(), nullable=True),
        sa.Column("response_text", sa.Text(), nullable=False),
        sa.Column("made_by", db.BigId, nullable=False),
        sa.Column("made_at", db.UTCDateTime(), nullable=False),
        sa.Column("ended_by", db.BigId, nullable=True),
        sa.Column("ended_at", db.UTCDateTime(), nullable=True),
        sa.Column("ended_how", sa.String(length=40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("reminded_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_meetings_appointment_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["meetings_session.id"],
            name=op.f("fk_meetings_appointment_session_id_meetings_session"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings_appointment")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("meetings_appointment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meetings_appointment_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_meetings_appointment_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_meetings_appointment_start"), ["start"], unique=False)
        batch_op.create_index(
            "uq_meetings_appointment_standing",
            ["case_id"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "meetings_reserve",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("session_id", db.BigId, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_meetings_reserve_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["meetings_session.id"],
            name=op.f("fk_meetings_reserve_session_id_meetings_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings_reserve")),
        sa.UniqueConstraint("session_id", "case_id", name=op.f("uq_meetings_reserve_session_id_case_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("meetings_reserve", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meetings_reserve_case_id"), ["case_id"], unique=False)

    op.create_table(
        "meetings_slot",
        sa.Column("at", db.UTCDateTime(), nullable=False),
        sa.Column("appointment_id", db.BigId, nullable=True),
        sa.Column("session_id", db.BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["meetings_appointment.id"],
            name=op.f("fk_meetings_slot_appointment_id_meetings_appointment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["meetings_session.id"],
            name=op.f("fk_meetings_slot_session_id_meetings_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_meetings_slot")),
    )
    with op.batch_alter_table("meetings_slot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meetings_slot_appointment_id"), ["appointment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_meetings_slot_session_id"), ["session_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("meetings_slot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meetings_slot_session_id"))
        batch_op.drop_index(batch_op.f("ix_meetings_slot_appointment_id"))

    op.drop_table("meetings_slot")
    with op.batch_alter_table("meetings_reserve", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meetings_reserve_case_id"))

    op.drop_table("meetings_reserve")
    with op.batch_alter_table("meetings_appointment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_meetings_appointment_standing",
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_meetings_appointment_start"))
        batch_op.drop_index(batch_op.f("ix_meetings_appointment_session_id"))
        batch_op.drop_index(batch_op.f("ix_meetings_appointment_case_id"))

    op.drop_table("meetings_appointment")
    with op.batch_alter_table("meetings_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meetings_session_start"))

    op.drop_table("meetings_session")
    with op.batch_alter_table("meetings_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meetings_request_national_code_index"))

    op.drop_table("meetings_request")
    with op.batch_alter_table("meetings_order", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meetings_order_meeting_id"))

    op.drop_table("meetings_order")
