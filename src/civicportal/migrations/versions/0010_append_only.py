"""Make the audit trail append-only.

The triggers of SQLite, which a migration may lose, are created after it, and every migration disables them: see
civicportal.audit.append_only.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

POSTGRESQL = (
    """
    CREATE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('civicportal.trail', true) IS DISTINCT FROM 'open' THEN
            RAISE EXCEPTION 'rows of % are written and read, never changed', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN coalesce(NEW, OLD);
    END
    $$
    """,
    """
    CREATE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('civicportal.trail', true) IS DISTINCT FROM 'open'
            AND EXISTS (SELECT 1 FROM cases WHERE id = OLD.case_id)
        THEN
            RAISE EXCEPTION 'rows of % are written and read, never changed', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END
    $$
    """,
    """
    CREATE TRIGGER audit_events_unchanged
    BEFORE UPDATE OF id, at, action, actor_id, door, subject_id, case_id, digests ON audit_events
    FOR EACH ROW EXECUTE FUNCTION trail_refuse()
    """,
    "CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION trail_refuse()",
    "CREATE TRIGGER audit_events_whole BEFORE TRUNCATE ON audit_events EXECUTE FUNCTION trail_refuse()",
    "CREATE TRIGGER audit_seals_whole BEFORE TRUNCATE ON audit_seals EXECUTE FUNCTION trail_refuse()",
    "CREATE TRIGGER case_events_whole BEFORE TRUNCATE ON case_events EXECUTE FUNCTION trail_refuse()",
    "CREATE TRIGGER audit_seals_unchanged BEFORE UPDATE ON audit_seals FOR EACH ROW EXECUTE FUNCTION trail_refuse()",
    "CREATE TRIGGER audit_seals_kept BEFORE DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION trail_refuse()",
    """
    CREATE TRIGGER case_events_unchanged
    BEFORE UPDATE OF id, at, case_id, type, transition, before, after, actor_id, door, on_behalf_of_id, unit_id, public,
        digests ON case_events
    FOR EACH ROW EXECUTE FUNCTION trail_refuse()
    """,
    "CREATE TRIGGER case_events_kept BEFORE DELETE ON case_events FOR EACH ROW EXECUTE FUNCTION history_refuse()",
)
POSTGRESQL_BACK = (
    "DROP FUNCTION history_refuse() CASCADE",
    "DROP FUNCTION trail_refuse() CASCADE",
)


def upgrade() -> None:
    _run(POSTGRESQL)


def downgrade() -> None:
    _run(POSTGRESQL_BACK)


def _run(statements: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in statements:
            op.execute(statement)
