"""Keep the builds, the files and the releases of open data."""

import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('open_data_builds',
    sa.Column('id', db.BigId, autoincrement=True, nullable=False),
    sa.Column('started_at', db.UTCDateTime(), nullable=False),
    sa.Column('finished_at', db.UTCDateTime(), nullable=True),
    sa.Column('error', sa.String(length=300), nullable=False),
    sa.Column('rows', db.BigId, nullable=False),
    sa.Column('size', db.BigId, nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_open_data_builds')),
    sqlite_autoincrement=True
    )
    op.create_table('open_data_figures',
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('dimension', sa.String(length=10), nullable=False),
    sa.Column('part_id', db.BigId, autoincrement=False, nullable=False),
    sa.Column('released', sa.Date(), nullable=False),
    sa.Column('opened', sa.Integer(), nullable=True),
    sa.Column('closed', sa.Integer(), nullable=True),
    sa.Column('hours', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('kind', 'month', 'dimension', 'part_id', name=op.f('pk_open_data_figures'))
    )
    op.create_table('open_data_files',
    sa.Column('dataset', sa.String(length=61), nullable=False),
    sa.Column('format', sa.String(length=10), nullable=False),
    sa.Column('key', sa.String(length=22), nullable=False),
    sa.Column('size', db.BigId, nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('rows', db.BigId, nullable=False),
    sa.Column('changed_at', db.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('dataset', 'format', name=op.f('pk_open_data_files'))
    )
    with op.batch_alter_table('open_data_files', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_open_data_files_key'), ['key'], unique=False)

    op.create_table('open_data_groups',
    sa.Column('id', db.BigId, autoincrement=True, nullable=False),
    sa.Column('dataset', sa.String(length=61), nullable=False),
    sa.Column('released', sa.Date(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('category_id', db.BigId, nullable=True),
    sa.Column('unit_id', db.BigId, nullable=True),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=True),
    sa.Column('last_day', sa.Date(), nullable=True),
    sa.Column('precision', sa.String(length=10), nullable=False),
    sa.Column('district', sa.String(length=100), nullable=False),
    sa.Column('grid_row', sa.Integer(), nullable=True),
    sa.Column('grid_column', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_open_data_groups')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('open_data_groups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_open_data_groups_dataset'), ['dataset'], unique=False)

    op.create_table('open_data_releases',
    sa.Column('dataset', sa.String(length=61), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('dataset', name=op.f('pk_open_data_releases'))
    )
    op.create_table('open_data_cases',
    sa.Column('case_id', db.BigId, autoincrement=False, nullable=False),
    sa.Column('group_id', db.BigId, nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('stage', sa.String(length=12), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_open_data_cases_case_id_cases'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['group_id'], ['open_data_groups.id'], name=op.f('fk_open_data_cases_group_id_open_data_groups')),
    sa.PrimaryKeyConstraint('case_id', name=op.f('pk_open_data_cases'))
    )
    with op.batch_alter_table('open_data_cases', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_open_data_cases_group_id'), ['group_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('open_data_cases', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_open_data_cases_group_id'))

    op.drop_table('open_data_cases')
    op.drop_table('open_data_releases')
    with op.batch_alter_table('open_data_groups', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_open_data_groups_dataset'))

    op.drop_table('open_data_groups')
    with op.batch_alter_table('open_data_files', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_open_data_files_key'))

    op.drop_table('open_data_files')
    op.drop_table('open_data_figures')
    op.drop_table('open_data_builds')
