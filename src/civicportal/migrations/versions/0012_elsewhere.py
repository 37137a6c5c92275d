"""Lines whose case lies in another unit now: what an officer sees by them alone is found without all lines of the unit.

A trigger writes it; that of SQLite is put there after every migration: see civicportal.kartable.copies.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ELSEWHERE = sa.text("elsewhere IS NOT NULL")
ADDRESSED = sa.text("type IN ('copy', 'inquiry')")
POSTGRESQL = (
    """
    CREATE FUNCTION referrals_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT kind INTO NEW.elsewhere FROM cases WHERE id = NEW.case_id AND unit_id IS DISTINCT FROM NEW.to_unit_id;
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
        UPDATE referrals SET elsewhere = CASE WHEN to_unit_id IS DISTINCT FROM NEW.unit_id THEN NEW.kind END
        WHERE case_id = NEW.id;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER cases_elsewhere AFTER UPDATE OF kind, unit_id ON cases
    FOR EACH ROW WHEN ((OLD.kind, OLD.unit_id) IS DISTINCT FROM (NEW.kind, NEW.unit_id))
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
UPDATE referrals SET elsewhere = (SELECT kind FROM cases WHERE cases.id = referrals.case_id)
WHERE id IN (
    SELECT referrals.id FROM referrals JOIN cases ON cases.id = referrals.case_id
    WHERE cases.unit_id IS NULL OR cases.unit_id <> referrals.to_unit_id
)
"""


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        op.execute("SET LOCAL statement_timeout = '30min'")
    op.add_column("referrals", sa.Column("elsewhere", sa.String(length=40), nullable=True))
    if is_postgresql:
        for statement in POSTGRESQL:
            op.execute(statement)
    op.execute(FILL)
    columns = ["to_unit_id", "elsewhere", "case_id"]
    op.create_index(
        "ix_referrals_elsewhere", "referrals", columns, postgresql_where=ELSEWHERE, sqlite_where=ELSEWHERE
    )
    columns = ["to_unit_id", "case_id"]
    op.create_index(
        "ix_referrals_addressed", "referrals", columns, postgresql_where=ADDRESSED, sqlite_where=ADDRESSED
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL_BACK:
            op.execute(statement)
    op.drop_index("ix_referrals_addressed", "referrals")
    op.drop_index("ix_referrals_elsewhere", "referrals")
    op.drop_column("referrals", "elsewhere")
