"""Add the scope of cases to the search index.

An officer who sees one unit among many then finds its cases by the index alone, however frequent a word is elsewhere. A
document is written once, at the end of a transaction, whatever the transaction did with the case. All documents are
rebuilt afterwards, in small transactions: see civicportal.cases.search_index.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UPGRADE = (
    "DROP INDEX IF EXISTS ix_case_search_doc",
    "DROP TRIGGER case_search_insert ON cases",
    "DROP TRIGGER case_search_update ON cases",
    "DROP FUNCTION case_search_follow()",
    "DROP FUNCTION case_search_doc(text, text)",
    # None for a case that is not there: every case has a kind.
    """
    CREATE FUNCTION case_search_of(wanted bigint) RETURNS tsvector LANGUAGE sql STABLE AS $$
        SELECT array_to_tsvector(array_agg(lexeme)) FROM (
            SELECT left(word, 64) AS lexeme
                FROM cases, unnest(string_to_array(search_text, ' ')) AS word WHERE id = wanted AND word <> ''
            UNION
            SELECT '@' || left(word, 64)
                FROM cases, unnest(string_to_array(search_person, ' ')) AS word WHERE id = wanted AND word <> ''
            UNION
            SELECT unnest(ARRAY['#k' || kind, '#c' || category_id, '#u' || unit_id]) FROM cases WHERE id = wanted
            UNION
            SELECT unnest(ARRAY['#u' || to_unit_id, '#p' || to_user_id, '#p' || taken_by_id])
                FROM referrals WHERE case_id = wanted
        ) AS lexemes WHERE lexeme IS NOT NULL
    $$
    """,
    """
    CREATE FUNCTION case_search_write(wanted bigint) RETURNS void LANGUAGE sql AS $$
        INSERT INTO case_search (case_id, doc)
        SELECT wanted, doc FROM case_search_of(wanted) AS doc WHERE doc IS NOT NULL
        ON CONFLICT (case_id) DO UPDATE SET doc = excluded.doc WHERE case_search.doc <> excluded.doc
    $$
    """,
    """
    CREATE FUNCTION case_search_follow_case() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM case_search_write(NEW.id); RETURN NULL; END $$
    """,
    """
    CREATE FUNCTION case_search_follow_line() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM case_search_write(NEW.case_id); RETURN NULL; END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER case_search_case
    AFTER INSERT OR UPDATE OF search_text, search_person, kind, category_id, unit_id ON cases
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION case_search_follow_case()
    """,
    """
    CREATE CONSTRAINT TRIGGER case_search_line
    AFTER INSERT OR UPDATE OF to_unit_id, to_user_id, taken_by_id ON referrals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION case_search_follow_line()
    """,
)
DOWNGRADE = (
    "DROP INDEX IF EXISTS ix_case_search_doc",
    "DROP TRIGGER case_search_line ON referrals",
    "DROP TRIGGER case_search_case ON cases",
    "DROP FUNCTION case_search_follow_line()",
    "DROP FUNCTION case_search_follow_case()",
    "DROP FUNCTION case_search_write(bigint)",
    "DROP FUNCTION case_search_of(bigint)",
    """
    CREATE FUNCTION case_search_doc(words text, person text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_to_tsvector(coalesce(array_agg(lexeme), '{}')) FROM (
            SELECT left(word, 64) AS lexeme FROM unnest(string_to_array(words, ' ')) AS word WHERE word <> ''
            UNION
            SELECT '@' || left(word, 64) FROM unnest(string_to_array(person, ' ')) AS word WHERE word <> ''
        ) AS lexemes
    $$
    """,
    """
    CREATE FUNCTION case_search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO case_search (case_id, doc)
        VALUES (NEW.id, case_search_doc(NEW.search_text, NEW.search_person))
        ON CONFLICT (case_id) DO UPDATE SET doc = excluded.doc;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER case_search_insert AFTER INSERT ON cases
    FOR EACH ROW EXECUTE FUNCTION case_search_follow()
    """,
    """
    CREATE TRIGGER case_search_update AFTER UPDATE OF search_text, search_person ON cases
    FOR EACH ROW WHEN (
        OLD.search_text IS DISTINCT FROM NEW.search_text OR OLD.search_person IS DISTINCT FROM NEW.search_person
    ) EXECUTE FUNCTION case_search_follow()
    """,
)


def upgrade() -> None:
    _run(UPGRADE)


def downgrade() -> None:
    _run(DOWNGRADE)


def _run(statements: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in statements:
            op.execute(statement)
