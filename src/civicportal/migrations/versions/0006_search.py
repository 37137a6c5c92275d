"""Add the search tables and words.

The index itself is built afterwards, in small transactions: see civicportal.cases.search_index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

POSTGRESQL = (
    """
    CREATE TABLE case_search (
        case_id bigint CONSTRAINT pk_case_search PRIMARY KEY
            CONSTRAINT fk_case_search_case_id_cases REFERENCES cases (id) ON DELETE CASCADE,
        doc tsvector NOT NULL
    )
    """,
    # The words are lexemes as they stand: no parser of the database takes them apart in a way of its own.
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
POSTGRESQL_BACK = (
    "DROP TRIGGER case_search_insert ON cases",
    "DROP TRIGGER case_search_update ON cases",
    "DROP TABLE case_search",
    "DROP FUNCTION case_search_follow()",
    "DROP FUNCTION case_search_doc(text, text)",
)
SQLITE_BACK = (
    "DROP TRIGGER IF EXISTS case_search_insert",
    "DROP TRIGGER IF EXISTS case_search_delete",
    "DROP TRIGGER IF EXISTS case_search_update",
    "DROP TABLE IF EXISTS case_search",
)


def upgrade() -> None:
    op.add_column("cases", sa.Column("search_person", sa.String(length=400), server_default="", nullable=False))
    op.create_table(
        "search_words",
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_words")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL:
            op.execute(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRESQL_BACK if is_postgresql else SQLITE_BACK:
        op.execute(statement)
    op.drop_table("search_words")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_column("search_person")
