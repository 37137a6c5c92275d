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
        "announcements_post",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=150), nullable=False),
        sa.Column("summary", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("starts_at", db.UTCDateTime(), nullable=True),
        sa.Column("ends_at", db.UTCDateTime(), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("author_id", db.BigId, nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("updated_at", db.UTCDateTime(), nullable=False),
        sa.Column("deleted_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements_post")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("announcements_post", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_announcements_post_deleted_at"), ["deleted_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_announcements_post_ends_at"), ["ends_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_announcements_post_pinned_weight"), ["pinned", "weight"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_announcements_post_starts_at"), ["starts_at"], unique=False)

    op.create_table(
        "announcements_broadcast",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=22), nullable=False),
        sa.Column("post_id", db.BigId, nullable=True),
        sa.Column("author_id", db.BigId, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("part_price", sa.Float(), nullable=False),
        sa.Column("cursor", db.BigId, nullable=False),
        sa.Column("last_id", db.BigId, nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("filled_at", db.UTCDateTime(), nullable=True),
        sa.Column("stopped_at", db.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["announcements_post.id"],
            name=op.f("fk_announcements_broadcast_post_id_announcements_post"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements_broadcast")),
        sa.UniqueConstraint("key", name=op.f("uq_announcements_broadcast_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("announcements_broadcast", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_announcements_broadcast_created_at"), ["created_at"], unique=False
        )

    op.create_table(
        "announcements_image",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("post_id", db.BigId, nullable=False),
        sa.Column("attachment_id", db.BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("alt", sa.String(length=200), nullable=False),
        sa.Column("caption", sa.String(length=200), nullable=False),
        sa.Column("focus_x", sa.Integer(), nullable=False),
        sa.Column("focus_y", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "focus_x BETWEEN 0 AND 100 AND focus_y BETWEEN 0 AND 100",
            name=op.f("ck_announcements_image_focus"),
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachments.id"],
            name=op.f("fk_announcements_image_attachment_id_attachments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["announcements_post.id"],
            name=op.f("fk_announcements_image_post_id_announcements_post"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements_image")),
        sa.UniqueConstraint("attachment_id", name=op.f("uq_announcements_image_attachment_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("announcements_image", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_announcements_image_post_id"), ["post_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("announcements_image", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_announcements_image_post_id"))

    op.drop_table("announcements_image")
    with op.batch_alter_table("announcements_broadcast", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_announcements_broadcast_created_at"))

    op.drop_table("announcements_broadcast")
    with op.batch_alter_table("announcements_post", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_announcements_post_starts_at"))
        batch_op.drop_index(batch_op.f("ix_announcements_post_pinned_weight"))
        batch_op.drop_index(batch_op.f("ix_announcements_post_ends_at"))
        batch_op.drop_index(batch_op.f("ix_announcements_post_deleted_at"))

    op.drop_table("announcements_post")
