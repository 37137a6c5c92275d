"""Record referrals of cases in another unit.

Every referral, including closed ones, also has the kind and category of its case. Triggers write all this; those of
SQLite are created after every migration: see civicportal.kartable.copies.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ELSEWHERE = sa.text("elsewhere IS NOT NULL")
PEOPLE = ("to_user_id", "taken_by_id")
ADDRESSED = sa.text("type IN ('copy', 'inquiry')")
POSTGRESQL = (
    """
    CREATE FUNCTION referrals_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT kind, category_id, CASE WHEN unit_id IS DISTINCT FROM NEW.to_unit_id THEN kind END
        INTO NEW.kind, NEW.category_id, NEW.elsewhere FROM cases WHERE id = NEW.case_id;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER referrals_elsewhere BEFORE INSERT OR UPDATE OF case_id, to_unit_id ON referrals
    FOR EACH ROW EXECUTE FUNCTION referrals_elsewhere()
    """,
    """
    CREATE FUNCTION cases_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE referrals SET kind = NEW.kind, category_id = NEW.category_id,
            elsewhere = CASE WHEN to_unit_id IS DISTINCT FROM NEW.unit_id THEN NEW.kind END
        WHERE case_id = NEW.id;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER cases_elsewhere AFTER UPDATE OF kind, category_id, unit_id ON cases
    FOR EACH ROW WHEN (
        (OLD.kind, OLD.category_id, OLD.unit_id) IS DISTINCT FROM (NEW.kind, NEW.category_id, NEW.unit_id)
    )
    EXECUTE FUNCTION cases_elsewhere()
    """,
)
POSTGRESQL_BACK = (
    "DROP TRIGGER cases_elsewhere ON cases",
    "DROP TRIGGER referrals_elsewhere ON referrals",
    "DROP FUNCTION cases_elsewhere()",
    "DROP FUNCTION referrals_elsewhere()",
)
FILL = """
UPDATE referrals SET (kind, category_id, elsewhere) = (
    SELECT kind, category_id, CASE WHEN unit_id IS NULL OR unit_id <> referrals.to_unit_id THEN kind END
    FROM cases WHERE cases.id = referrals.case_id
) WHERE id BETWEEN :first AND :last AND id IN (
    SELECT referrals.id FROM referrals JOIN cases ON cases.id = referrals.case_id
    WHERE referrals.id BETWEEN :first AND :last
        AND (
            referrals.kind IS NULL OR cases.unit_id IS NULL OR cases.unit_id <> referrals.to_unit_id
            OR coalesce(referrals.category_id, 0) <> coalesce(cases.category_id, 0)
        )
)
"""
BATCH = 20_000
"""Ids of referrals per statement."""


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.add_column("referrals", sa.Column("elsewhere", sa.String(length=40), nullable=True))
    if is_postgresql:
        for statement in POSTGRESQL:
            op.execute(statement)
    _fill()
    columns = ["to_unit_id", "elsewhere", "case_id"]
    op.create_index(
        "ix_referrals_elsewhere", "referrals", columns, postgresql_where=ELSEWHERE, sqlite_where=ELSEWHERE
    )
    columns = ["to_unit_id", "case_id"]
    op.create_index(
        "ix_referrals_addressed", "referrals", columns, postgresql_where=ADDRESSED, sqlite_where=ADDRESSED
    )
    for person in PEOPLE:
        op.create_index(f"ix_referrals_{person}_kind_case_id", "referrals", [person, "kind", "case_id"])
        op.drop_index(f"ix_referrals_{person}_case_id", "referrals")


def _fill() -> None:
    bind = op.get_bind()
    newest = bind.scalar(sa.text("SELECT coalesce(max(id), 0) FROM referrals"))
    for first in range(1, newest + 1, BATCH):
        bind.execute(sa.text(FILL), {"first": first, "last": first + BATCH - 1})


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL_BACK:
            op.execute(statement)
    for person in PEOPLE:
        op.create_index(f"ix_referrals_{person}_case_id", "referrals", [person, "case_id"])
        op.drop_index(f"ix_referrals_{person}_kind_case_id", "referrals")
    op.drop_index("ix_referrals_addressed", "referrals")
    op.drop_index("ix_referrals_elsewhere", "referrals")
    op.drop_column("referrals", "elsewhere")
