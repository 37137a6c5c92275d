"""Let administrators prepare imports on a page, and keep how many lines a batch has imported."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_tasks",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=22), nullable=False),
        sa.Column("created_by_id", db.BigId, nullable=True),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("contents", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(length=1000), nullable=False),
        sa.Column("report", sa.String(length=22), nullable=True),
        sa.Column("checked", sa.String(length=64), nullable=False),
        sa.Column("batch_id", db.BigId, nullable=True),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", db.UTCDateTime(), nullable=False),
        sa.Column("finished_at", db.UTCDateTime(), nullable=True),
        sa.Column("expires_at", db.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_tasks")),
        sa.UniqueConstraint("key", name=op.f("uq_import_tasks_key")),
        sqlite_autoincrement=True,
    )
    for columns in (["batch_id"], ["expires_at"], ["report"], ["state", "created_at"]):
        op.create_index(op.f(f"ix_import_tasks_{'_'.join(columns)}"), "import_tasks", columns)
    op.create_table(
        "import_files",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("task_id", db.BigId, nullable=False),
        sa.Column("key", sa.String(length=22), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("size", db.BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["import_tasks.id"],
            name=op.f("fk_import_files_task_id_import_tasks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_files")),
        sa.UniqueConstraint("key", name=op.f("uq_import_files_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_import_files_task_id"), "import_files", ["task_id"])
    op.add_column("import_batches", sa.Column("counts", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("import_batches", "counts")
    op.drop_table("import_files")
    op.drop_table("import_tasks")
