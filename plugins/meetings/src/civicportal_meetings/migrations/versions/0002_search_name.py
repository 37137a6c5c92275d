"""Add search words of names of people and organisations."""

import sqlalchemy as sa
from alembic import op

from civicportal.util.persian import folded

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BATCH = 1000


def upgrade() -> None:
    """Add the folded names, and fold those of the requests there are."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.add_column(
        "meetings_request", sa.Column("search_name", sa.Text(), server_default="", nullable=False)
    )
    names = [sa.column(name) for name in ("case_id", "name", "organization", "search_name")]
    request = sa.table("meetings_request", *names)
    query = sa.select(request.c.case_id, request.c.name, request.c.organization).order_by(request.c.case_id)
    fold = (
        request.update()
        .where(request.c.case_id == sa.bindparam("id"))
        .values(search_name=sa.bindparam("words"))
    )
    last = 0
    while rows := connection.execute(query.where(request.c.case_id > last).limit(BATCH)).all():
        words = [{"id": row.case_id, "words": folded(row.name, row.organization)} for row in rows]
        connection.execute(fold, words)
        last = rows[-1].case_id


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("meetings_request", schema=None) as batch_op:
        batch_op.drop_column("search_name")
