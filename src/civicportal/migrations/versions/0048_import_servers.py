"""Let administrators import from an Open311 server on the page."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, length in (("address", 500), ("jurisdiction", 100)):
        op.add_column(
            "import_tasks", sa.Column(name, sa.String(length=length), server_default="", nullable=False)
        )
    for name in ("first_day", "last_day"):
        op.add_column("import_tasks", sa.Column(name, sa.Date(), nullable=True))


def downgrade() -> None:
    for name in ("last_day", "first_day", "jurisdiction", "address"):
        op.drop_column("import_tasks", name)
