"""Migrations of the core and of plugins, on both databases."""

import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, inspect, select, text

from civicportal.core.db import BigId, check_database, new_metadata
from civicportal.core.migration import state as migrate_state
from civicportal.core.migration.rules import incompatible_tables
from civicportal.core.plugins import PluginModels
from civicportal.domain.accounts.models import Role
from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.inbound import InboundService
from civicportal.domain.notifications.models import InboundMessage
from civicportal.domain.organization.models import Unit
from civicportal.portal import upgrade as migrate
from civicportal.testing import make_case, make_citizen, make_site, make_site_file
from civicportal.util.errors import ConfigurationError

pytestmark = pytest.mark.both_databases

KEEP = {"pii": None, "erase": "keep"}

GADGETS = """
import sqlalchemy as sa
from alembic import op
from civicportal import db

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "gadgets_details",
        sa.Column("case_id", db.BigId, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("words", sa.String(40), nullable=False),
    )


def downgrade():
    op.drop_table("gadgets_details")
"""

REVISIONS = sorted(path.name[:4] for path in (migrate.SCRIPTS / "versions").glob("*.py"))
"""Of the core, the oldest first."""

WIDEN_CASES = """
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "%s"


def upgrade():
    with op.batch_alter_table("cases") as batch:
        batch.alter_column("subject", type_=sa.String(400))


def downgrade():
    with op.batch_alter_table("cases") as batch:
        batch.alter_column("subject", type_=sa.String(200))
"""


def gadgets(folder: Path) -> PluginModels:
    """A plugin with one detail table, its revisions written into a folder."""
    (folder / "versions").mkdir(parents=True)
    (folder / "versions/0001_initial.py").write_text(GADGETS)
    metadata = new_metadata()
    Table(
        "gadgets_details",
        metadata,
        Column("case_id", BigId, ForeignKey(Case.id, ondelete="CASCADE"), primary_key=True, info=KEEP),
        Column("words", String(40), nullable=False, info=KEEP),
    )
    return PluginModels(prefix="gadgets", metadata=metadata, migrations=folder)


@pytest.fixture
def empty(empty_database, tmp_path):
    """A site whose database has no tables."""
    site = make_site(make_site_file(tmp_path / "site", site={"database_url": empty_database}))
    yield site
    site.engines.dispose()


@pytest.fixture
def migrated(empty, civic_session):
    """A site whose database has the tables of the core."""
    civic_session.databases.migrate(empty)
    return empty


@pytest.fixture
def core_copy(tmp_path, monkeypatch):
    """The core's revisions in a folder where a test may add one."""
    folder = tmp_path / "core"
    (folder / "versions").mkdir(parents=True)
    for path in (migrate.SCRIPTS / "versions").glob("*.py"):
        (folder / "versions" / path.name).write_text(path.read_text())
    versions = property(lambda self: (folder if self.name == migrate.CORE else self.folder) / "versions")
    monkeypatch.setattr(migrate.Package, "versions", versions)
    return folder / "versions"


def tables(site):
    return set(inspect(site.engines.read).get_table_names())


def count(site, table):
    with site.engines.read.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_up_check_and_down(empty):
    told = []
    migrate.upgrade(empty, progress=told.append)
    assert told == [f"civicportal {revision}" for revision in REVISIONS]
    assert migrate.check(empty) == []
    assert migrate_state.pending(empty) == []
    migrate.downgrade(empty, "civicportal", "base", progress=told.append)
    assert told[len(REVISIONS) :] == [f"civicportal -{revision}" for revision in reversed(REVISIONS)]
    assert tables(empty) == {"alembic_version_civicportal"}
    migrate.upgrade(empty)
    assert migrate.check(empty) == []


def test_revisions_are_read_as_alembic_reads_them(migrated, tmp_path):
    migrated.models["gadgets"] = gadgets(tmp_path / "gadgets")
    add_revision(tmp_path / "gadgets", "0002", "'0001'")
    migrate.upgrade(migrated)
    add_revision(tmp_path / "gadgets", "0003", "'0002'")
    states = migrate_state.current(migrated)
    assert (states[-1].current, states[-1].head) == ("0002", "0003")
    with migrated.engines.read.connect() as connection:
        for package, state in zip(migrate.packages(migrated), states, strict=True):
            scripts = ScriptDirectory.from_config(migrate.config_for(package))
            applied = MigrationContext.configure(connection, opts={"version_table": package.version_table})
            assert (state.head, state.current) == (scripts.get_current_head(), applied.get_current_revision())


def test_two_revisions_after_one_are_refused_until_another_joins_them(empty, tmp_path):
    empty.models["gadgets"] = gadgets(tmp_path / "gadgets")
    for number in ("0002", "0003"):
        add_revision(tmp_path / "gadgets", number, "'0001'")
    with pytest.raises(ConfigurationError, match="0002 and 0003 follow the same one"):
        migrate_state.current(empty)
    add_revision(tmp_path / "gadgets", "0004", "('0002', '0003')")
    assert migrate_state.current(empty)[-1].head == "0004"


def add_revision(folder, number, follows):
    text = f"revision: str = '{number}'\ndown_revision = {follows}\n\ndef upgrade():\n    pass\n"
    (folder / "versions" / f"{number}_more.py").write_text(text)


def test_refuses_to_start_on_old_tables(empty):
    with pytest.raises(ConfigurationError, match="run civicportal db upgrade"):
        empty.check_start()
    migrate.upgrade(empty)
    empty.check_start()


@pytest.fixture
def newer(migrated):
    """Newer code has migrated the core; returns a function that does what it did besides."""

    def newer(*statements):
        with migrated.engines.write.begin() as connection:
            for statement in (*statements, "UPDATE alembic_version_civicportal SET version_num = '9999'"):
                connection.execute(text(statement))

    return newer


def test_old_code_works_on_newer_tables_that_fit(empty, newer, caplog):
    newer(
        "CREATE TABLE novelties (id INTEGER PRIMARY KEY)",
        "ALTER TABLE cases ADD COLUMN novelty VARCHAR(40)",
        "ALTER TABLE cases ADD COLUMN grade INTEGER NOT NULL DEFAULT 0",
    )
    empty.check_start()
    assert "newer code has migrated civicportal to 9999" in caplog.text
    assert migrate_state.pending(empty) == []
    with empty.work() as work:
        make_case(work)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("ALTER TABLE cases DROP COLUMN place", r"cases\.place is gone"),
        ("ALTER TABLE ready_texts RENAME TO templates", r"ready_texts is gone"),
        pytest.param(
            "ALTER TABLE limit_hits ADD COLUMN reason INTEGER NOT NULL",
            r"limit_hits\.reason must be filled",
            marks=pytest.mark.one_database("postgresql"),
        ),
    ],
)
def test_newer_tables_that_do_not_fit_are_refused(empty, newer, change, problem):
    newer(change)
    with pytest.raises(ConfigurationError, match=problem):
        migrate_state.refuse_pending(empty)


def test_no_revision_stops_the_code_of_the_one_before(empty):
    migrate.upgrade(empty, "civicportal", REVISIONS[0])
    for before, after in pairwise(REVISIONS):
        named = MetaData()
        with empty.engines.read.connect() as connection:
            named.reflect(connection)
        migrate.upgrade(empty, "civicportal", after)
        with empty.engines.read.connect() as connection:
            assert list(incompatible_tables(connection, named)) == [], (
                f"code of {before} on tables of {after}"
            )


def test_old_code_migrates_no_newer_tables(empty, newer):
    newer()
    with pytest.raises(ConfigurationError, match="9999"):
        migrate.upgrade(empty)
    assert migrate.check(empty) == [f"civicportal: at 9999, the code is at {REVISIONS[-1]}"]


def test_partial_indexes_stay(migrated):
    indexes = {index["name"]: index for index in inspect(migrated.engines.read).get_indexes("referrals")}
    index = indexes["uq_referrals_open_action"]
    where = index["dialect_options"][f"{migrated.engines.dialect}_where"]
    assert index["unique"]
    assert "closed_at IS NULL" in str(where)


def test_a_plugin_has_a_version_table_of_its_own(migrated, tmp_path):
    migrated.models["gadgets"] = gadgets(tmp_path / "gadgets")
    migrate.upgrade(migrated)
    assert {"alembic_version_gadgets", "gadgets_details"} <= tables(migrated)
    assert migrate.check(migrated) == []
    # Without the plugin the core still migrates and checks, and the tables stay.
    models = migrated.models.pop("gadgets")
    migrate.upgrade(migrated)
    assert migrate.check(migrated) == []
    assert migrate_state.sleeping(migrated) == ["gadgets"]
    migrated.models["gadgets"] = models
    migrate.downgrade(migrated, "gadgets", "base")
    assert "gadgets_details" not in tables(migrated)
    assert "cases" in tables(migrated)


@pytest.mark.parametrize("listed", [True, False])
def test_purge_takes_a_plugins_tables_only(migrated, tmp_path, listed):
    migrated.models["gadgets"] = gadgets(tmp_path / "gadgets")
    migrate.upgrade(migrated)
    before = tables(migrated)
    if not listed:
        del migrated.models["gadgets"]
    migrate.purge(migrated, "gadgets")
    assert before - tables(migrated) == {"gadgets_details", "alembic_version_gadgets"}
    with pytest.raises(ConfigurationError, match="no tables"):
        migrate.purge(migrated, "gadgets")


def test_purge_leaves_a_sleeping_plugin_whose_name_goes_on(migrated, tmp_path):
    migrated.models["gadgets"] = gadgets(tmp_path / "gadgets")
    migrate.upgrade(migrated)
    with migrated.engines.write.begin() as connection:
        for table in ("gadgets_more_details", "alembic_version_gadgets_more"):
            connection.exec_driver_sql(f"CREATE TABLE {table} (id INTEGER)")
    migrate.purge(migrated, "gadgets")
    assert {"gadgets_more_details", "alembic_version_gadgets_more"} <= tables(migrated)
    assert "gadgets_details" not in tables(migrated)


@pytest.mark.parametrize("name", ["civicportal", "case", "cases"])
def test_purge_never_takes_the_core(migrated, name):
    before = tables(migrated)
    with pytest.raises(ConfigurationError):
        migrate.purge(migrated, name)
    assert tables(migrated) == before


def test_altering_cases_keeps_the_plugins_details(migrated, tmp_path, core_copy):
    migrated.models["gadgets"] = gadgets(tmp_path / "gadgets")
    migrate.upgrade(migrated)
    with migrated.work() as work:
        ids = [make_case(work).id for _ in range(3)]
        for case_id in ids:
            work.session.execute(
                text("INSERT INTO gadgets_details (case_id, words) VALUES (:id, 'kept')"), {"id": case_id}
            )
    with migrated.work() as work:
        work.session.execute(text("DELETE FROM cases WHERE id = :id"), {"id": max(ids)})
    migrated.engines.dispose()
    (core_copy / "9000_widen.py").write_text(WIDEN_CASES % REVISIONS[-1])
    kept = {
        table: count(migrated, table) for table in ("cases", "case_events", "referrals", "gadgets_details")
    }
    assert kept["gadgets_details"] == 2
    migrate.upgrade(migrated)
    assert {table: count(migrated, table) for table in kept} == kept
    # Neither the erased id nor the partial index is lost on the way.
    with migrated.work() as work:
        assert make_case(work).id > max(ids)
    migrate.downgrade(migrated, "civicportal", REVISIONS[-1])
    assert migrate.check(migrated) == [f"civicportal: at {REVISIONS[-1]}, the code is at 9000"]
    (core_copy / "9000_widen.py").unlink()
    assert migrate.check(migrated) == []


def test_earlier_messages_belong_to_the_holder_of_the_number(migrated):
    with migrated.work() as work:
        member = make_citizen(work, "+989000000001").id
        for number in ("+989000000001", "+989000000002"):
            work.get(InboundService).keep(f"test:{number}", number, "متن", work.clock.now())
    migrate.downgrade(migrated, "civicportal", "0014")
    migrate.upgrade(migrated)
    with migrated.work(write=False) as work:
        owners = work.session.scalars(select(InboundMessage.user_id).order_by(InboundMessage.id)).all()
    assert owners == [member, None]


def test_a_failing_revision_changes_nothing(migrated, tmp_path, core_copy):
    migrated.models["gadgets"] = gadgets(tmp_path / "gadgets")
    (core_copy / "9000_widen.py").write_text(WIDEN_CASES % REVISIONS[-1])
    broken = GADGETS.replace(
        "def upgrade():", "def upgrade():\n    op.execute('SELECT nonsense FROM nowhere')"
    )
    (tmp_path / "gadgets/versions/0001_initial.py").write_text(broken)
    with pytest.raises(Exception, match="nowhere"):
        migrate.upgrade(migrated)
    assert [(state.name, state.current) for state in migrate_state.current(migrated)] == [
        ("civicportal", REVISIONS[-1]),
        ("gadgets", None),
    ]


def test_a_migration_that_is_killed_may_simply_be_run_again(migrated, empty_database, tmp_path):
    migrated.models["gadgets"] = gadgets(tmp_path / "gadgets")
    migrate.upgrade(migrated)
    versions = tmp_path / "gadgets/versions"
    revision = 'revision = "0002"\ndown_revision = "0001"\nfrom alembic import op\n'
    revision += "def upgrade():\n    op.execute('ALTER TABLE gadgets_details ADD COLUMN unit INTEGER')\n"
    (versions / "0002_unit.py").write_text(f"{revision}    import os\n    os.kill(os.getpid(), 9)\n")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from civicportal.portal import upgrade as migrate\n"
        "from civicportal.core.db import new_metadata\n"
        "from civicportal.core.plugins import PluginModels\n"
        "from civicportal.testing import make_site\n"
        "site = make_site(Path(sys.argv[1]) / 'site/site.toml')\n"
        "site.models['gadgets'] = PluginModels(\n"
        "    prefix='gadgets', metadata=new_metadata(), migrations=Path(sys.argv[1]) / 'gadgets')\n"
        "migrate.upgrade(site)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    assert [state.current for state in migrate_state.current(migrated)][-1] == "0001"
    (versions / "0002_unit.py").write_text(revision)
    migrate.upgrade(migrated)
    assert migrate_state.pending(migrated) == []
    assert "unit" in {
        column["name"] for column in inspect(migrated.engines.read).get_columns("gadgets_details")
    }


@pytest.mark.one_database("sqlite")
def test_rows_that_would_point_nowhere_are_refused(migrated, core_copy):
    (core_copy / "9000_orphan.py").write_text(
        f'from alembic import op\nrevision = "9000"\ndown_revision = "{REVISIONS[-1]}"\n'
        "def upgrade():\n    op.execute(\"INSERT INTO role_permissions VALUES (99, 'x')\")\n"
    )
    with pytest.raises(ConfigurationError, match="role_permissions → roles"):
        migrate.upgrade(migrated)
    assert count(migrated, "role_permissions") == 0


def test_two_migrators_at_once(empty, empty_database, tmp_path):
    sites = [
        make_site(make_site_file(tmp_path / str(number), site={"database_url": empty_database}))
        for number in range(3)
    ]
    told: list[str] = []
    failed: list[Exception] = []

    def run(site):
        try:
            migrate.upgrade(site, progress=told.append)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(site,)) for site in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for site in sites:
        site.engines.dispose()
    assert failed == []
    assert told == [f"civicportal {revision}" for revision in REVISIONS]
    assert migrate.check(empty) == []


def test_a_new_revision_holds_the_difference(migrated, tmp_path):
    models = gadgets(tmp_path / "gadgets")
    migrated.models["gadgets"] = models
    migrate.upgrade(migrated)
    table = models.metadata.tables["gadgets_details"]
    table.append_column(Column("unit", BigId, info=KEEP))
    assert "add_column" in migrate.check(migrated)[0]
    path = migrate.revision(migrated, "gadgets", "name the unit")
    assert path.name == "0002_name_the_unit.py"
    assert "sa.Column('unit', db.BigId, nullable=True)" in path.read_text()
    migrate.upgrade(migrated)
    assert migrate.check(migrated) == []


def test_check_refuses_untagged_columns_and_wrong_references(migrated, tmp_path):
    models = gadgets(tmp_path / "gadgets")
    migrated.models["gadgets"] = models
    migrate.upgrade(migrated)
    Table(
        "gadgets_more",
        models.metadata,
        Column("id", Integer, primary_key=True),
        Column("mood", String(10), info={"pii": "secret", "erase": "keep"}),
        Column("words", String(10), info={"pii": "content", "erase": "null"}),
        Column("role", BigId, ForeignKey(Role.id, ondelete="CASCADE"), info=KEEP),
        Column("unit", BigId, ForeignKey(Unit.id), info=KEEP),
    )
    problems = "\n".join(migrate.check(migrated))
    assert "gadgets_more.id has no pii and erase tag" in problems
    assert "gadgets_more.mood has unknown tags" in problems
    assert "gadgets_more.words holds personal data, but no column names the person" in problems
    assert "gadgets_more.role refers to roles.id" in problems
    assert "gadgets_more.unit refers to units.id without ON DELETE CASCADE" in problems


@pytest.mark.parametrize("prefix", ["case", "message", "role"])
def test_a_prefix_may_not_cover_the_core(empty, tmp_path, prefix):
    empty.models["greedy"] = PluginModels(prefix=prefix, metadata=new_metadata(), migrations=tmp_path)
    with pytest.raises(ConfigurationError, match="covers the table"):
        migrate.packages(empty)


@pytest.mark.one_database("postgresql")
def test_a_database_without_persian_letters_is_refused(civic_session, civic_database, tmp_path):
    url = civic_session.new_database("postgresql", ctype="C")
    site = make_site(make_site_file(tmp_path, site={"database_url": url}))
    with pytest.raises(ConfigurationError, match="LC_CTYPE"):
        check_database(site.engines)
    site.engines.dispose()
