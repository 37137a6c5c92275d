"""Let administrators ask questions about new cases of a category."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "category_questions",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("category_id", db.BigId, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("datatype", sa.String(length=20), nullable=False),
        sa.Column("variable", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("hint", sa.String(length=500), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("condition_id", db.BigId, nullable=True),
        sa.Column("condition_keys", sa.JSON(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("translations", sa.JSON(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_category_questions_category_id_categories")
        ),
        sa.ForeignKeyConstraint(
            ["condition_id"],
            ["category_questions.id"],
            name=op.f("fk_category_questions_condition_id_category_questions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_questions")),
        sa.UniqueConstraint("category_id", "key", name=op.f("uq_category_questions_category_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "question_choices",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("question_id", db.BigId, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("stop", sa.String(length=300), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("translations", sa.JSON(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["category_questions.id"],
            name=op.f("fk_question_choices_question_id_category_questions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_choices")),
        sa.UniqueConstraint("question_id", "key", name=op.f("uq_question_choices_question_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "case_answers",
        sa.Column("id", db.BigId, autoincrement=True, nullable=False),
        sa.Column("case_id", db.BigId, nullable=False),
        sa.Column("question_id", db.BigId, nullable=False),
        sa.Column("choice_id", db.BigId, nullable=True),
        sa.Column("asked", sa.String(length=200), nullable=False),
        sa.Column("chosen", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_answers_case_id_cases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["category_questions.id"],
            name=op.f("fk_case_answers_question_id_category_questions"),
        ),
        sa.ForeignKeyConstraint(
            ["choice_id"], ["question_choices.id"], name=op.f("fk_case_answers_choice_id_question_choices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_answers")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_answers_case_id"), "case_answers", ["case_id"])
    op.create_index(op.f("ix_case_answers_question_id"), "case_answers", ["question_id"])
    op.create_index(op.f("ix_case_answers_choice_id_case_id"), "case_answers", ["choice_id", "case_id"])


def downgrade() -> None:
    op.drop_table("case_answers")
    op.drop_table("question_choices")
    op.drop_table("category_questions")
