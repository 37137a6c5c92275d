"""Add imports of an earlier system, and the codes by which it knew its cases."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_references",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("code_key", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_references_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_references")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_references_case_id"), "case_references", ["case_id"])
    op.create_index(op.f("ix_case_references_code_key"), "case_references", ["code_key"])
    op.create_table(
        "import_batches",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("actor_id", db.BigId, nullable=True),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("finished_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_import_batches_digest"), "import_batches", ["digest"])
    op.create_table(
        "imported_rows",
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("entity", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("batch_id", db.BigId, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("row_id", db.BigId, nullable=False),
        sa.Column("last_event_id", db.BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batches.id"], name=op.f("fk_imported_rows_batch_id_import_batches")
        ),
        sa.PrimaryKeyConstraint("source", "entity", "key", name=op.f("pk_imported_rows")),
    )
    op.create_index(
        op.f("ix_imported_rows_batch_id_entity_row_id"), "imported_rows", ["batch_id", "entity", "row_id"]
    )


def downgrade() -> None:
    op.drop_table("imported_rows")
    op.drop_table("import_batches")
    op.drop_table("case_references")
