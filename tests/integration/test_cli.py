"""The command line: what it says, and how it exits."""

import json
import socket
import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from civicportal.cli import demo, main
from civicportal.core.migration import state as migrate_state
from civicportal.domain.accounts.models import Membership, Role, User
from civicportal.domain.cases.counter_models import CaseCount
from civicportal.domain.cases.referral import Referral
from civicportal.domain.organization.models import Unit
from civicportal.portal import upgrade as migrate
from civicportal.testing import make_case, make_site, make_site_file


@pytest.fixture
def path(tmp_path, empty_database):
    return make_site_file(tmp_path, site={"database_url": empty_database})


@pytest.fixture
def run(path):
    """Run a command on a site without tables."""

    def run(*arguments, **options):
        return CliRunner().invoke(main, ["--site", str(path), *arguments], **options)

    return run


@pytest.fixture
def migrated(path, civic_session):
    """The site with its tables."""
    site = make_site(path)
    civic_session.databases.migrate(site)
    yield site
    site.engines.dispose()


REVISIONS = sorted(path.name[:4] for path in (migrate.SCRIPTS / "versions").glob("*.py"))
"""Of the core, the oldest first."""


def test_db_from_nothing_to_checked(run):
    assert f"civicportal          - (newest: {REVISIONS[-1]})" in run("db", "current").output
    assert run("db", "check").exit_code == 1
    done = run("db", "upgrade")
    told = [f"civicportal {revision}" for revision in REVISIONS]
    assert (done.exit_code, done.output.splitlines()) == (0, [*told, "The database is up to date."])
    checked = run("db", "check")
    agreed = "The tables are what the models say, and every column says what it holds.\n"
    assert (checked.exit_code, checked.output) == (0, agreed)
    assert run("db", "current").output.startswith(f"civicportal          {REVISIONS[-1]}\n")
    down = run("db", "downgrade", "civicportal", "base", "--yes")
    back = [f"civicportal -{revision}" for revision in reversed(REVISIONS)]
    assert (down.exit_code, down.output.splitlines()) == (0, [*back, "civicportal is at base."])


def test_downgrade_asks_first(run, migrated):
    assert run("db", "downgrade", "civicportal", "base", input="n\n").exit_code == 1
    assert migrate_state.pending(migrated) == []


def test_an_unknown_package_is_refused_with_the_known_ones(run):
    refused = run("db", "upgrade", "nonsense")
    assert refused.exit_code == 2
    assert "'nonsense' has no tables; packages with tables are civicportal" in refused.stderr


@pytest.mark.parametrize("command", [["demo", "--reset"], ["serve"]])
def test_an_address_in_use_is_said_before_anything_is_begun(run, command):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = run(*command, "--host", "127.0.0.1", env={"PORT": str(port)})
    assert refused.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in refused.stderr
    assert run("db", "check").exit_code == 1


def test_the_demo_listens_before_it_tells_its_addresses(run, monkeypatch):
    def connect(_site, host, port):
        socket.create_connection((host, port)).close()

    monkeypatch.setattr(demo, "_welcome", connect)
    monkeypatch.setattr(demo, "_serve", lambda _path, listening: listening.close())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = run("demo", "--host", "127.0.0.1", "--port", str(port))
    assert done.exit_code == 0, done.output


def test_a_wrong_site_exits_with_2_and_no_traceback(tmp_path):
    path = make_site_file(tmp_path, site={"nmae": "x"})
    refused = CliRunner().invoke(main, ["--site", str(path), "db", "current"])
    assert refused.exit_code == 2
    assert "unknown key" in refused.stderr
    assert f"the site is {path}" in refused.stderr
    assert "Traceback" not in refused.output
    assert isinstance(refused.exception, SystemExit)


def test_help_answers_without_a_site(tmp_path):
    shown = CliRunner().invoke(main, ["--site", str(tmp_path / "nowhere.toml"), "--help"])
    assert shown.exit_code == 0
    for command in ("check", "db", "demo", "serve", "site", "user", "worker"):
        assert f"\n  {command} " in shown.output


def test_an_unknown_command_is_refused(run):
    assert "No such command 'nonsense'" in run("nonsense").output


def test_help_names_the_commands_of_plugins_without_importing_the_portal(tmp_path):
    path = make_site_file(tmp_path, site={"plugins": ["reports", "sms_ir"]})
    code = (
        "import sys\n"
        "from civicportal.cli import main\n"
        "main(['--site', sys.argv[1], '--help'], standalone_mode=False)\n"
        "print(*{'sqlalchemy', 'pyramid', 'colander', 'civicportal.core.site'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert "Maintain the reports." in done.stdout
    assert "Query credit and lines of sms.ir" in done.stdout
    assert done.stderr == "\n"


def test_a_portal_serves_without_what_its_commands_and_its_worker_need(migrated):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from civicportal.app import create_app\n"
        "from civicportal.core.site import Site\n"
        "site = Site(Path(sys.argv[1]))\n"
        "site.check_start()\n"
        "create_app(site)\n"
        "print(*({'alembic', 'mako', 'httpx', 'PIL', 'openpyxl', 'obstore'} & set(sys.modules)))"
    )
    # Of what other distributions warn when they are imported, nothing is ours to say here.
    ran = [sys.executable, "-W", "ignore", "-c", code, str(migrated.path)]
    done = subprocess.run(ran, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_command_tells_which_hooks_it_calls_when_it_is_asked_to(migrated, monkeypatch):
    ran = [sys.executable, "-m", "civicportal", "--site", str(migrated.path), "check"]
    called = "register_permissions of core returned"
    assert called not in subprocess.run(ran, capture_output=True, text=True, check=False).stderr
    monkeypatch.setenv("CIVICPORTAL_TRACE_HOOKS", "1")
    assert called in subprocess.run(ran, capture_output=True, text=True, check=False).stderr


def test_site_seeds_are_planted_once(run, migrated):
    loaded = run("site", "load")
    assert "unit:waste\n" in loaded.output
    assert run("site", "load").output == "0 applied\n"
    assert run("site", "diff").output == "0 differ from what was applied\n"
    with migrated.work() as work:
        work.session.scalars(select(Unit).where(Unit.key == "waste")).one().name = "changed"
    assert run("site", "apply", "unit:waste").output == "1 applied\n"
    with migrated.work(write=False) as work:
        assert work.session.scalars(select(Unit.name).where(Unit.key == "waste")).one() == "سازمان پسماند"
    assert run("site", "apply", "unit:nowhere").exit_code == 2


def test_a_member_is_added_without_questions(run, migrated):
    added = run(
        *("user", "add", "--name", "مریم نمونه", "--username", "maryam", "--mobile", "0912 000 00 01"),
        *("--role", "administrator"),
        env={"CIVICPORTAL_PASSWORD": "golabi-anar-sib-27"},
    )
    assert added.exit_code == 0, added.output
    with migrated.work(write=False) as work:
        user = work.session.scalars(select(User)).one()
        membership = work.session.scalars(select(Membership)).one()
        assert (user.username, user.mobile) == ("maryam", "+989120000001")
        assert membership.role.builtin


def test_a_member_is_asked_for(run, migrated):
    answers = "مریم نمونه\nmaryam\n09120000001\nadministrator\ngolabi-anar-sib-27\ngolabi-anar-sib-27\n"
    added = run("user", "add", input=answers)
    assert added.exit_code == 0, added.output
    assert "golabi" not in added.output


@pytest.mark.parametrize(
    ("option", "value"), [("--mobile", "12"), ("--role", "nonsense"), ("--password", "123456")]
)
def test_invalid_members_are_refused_with_the_reason(run, migrated, option, value):
    usual = {
        "--name": "x",
        "--username": "maryam",
        "--mobile": "09120000001",
        "--role": "administrator",
        "--password": "golabi-anar-sib-27",
    }
    options = [part for pair in {**usual, option: value}.items() for part in pair]
    refused = run("user", "add", *options)
    assert refused.exit_code == 2
    assert option in refused.stderr
    with migrated.work(write=False) as work:
        assert work.session.scalars(select(User)).all() == []


def test_a_user_name_is_given_once(run, migrated):
    options = (
        "--name",
        "x",
        "--username",
        "maryam",
        "--role",
        "administrator",
        "--password",
        "golabi-anar-sib-27",
    )
    assert run("user", "add", *options, "--mobile", "09120000001").exit_code == 0
    assert "is taken" in run("user", "add", *options, "--mobile", "09120000002").stderr


def test_accounts_are_closed_opened_and_sent_links(run, migrated):
    person = ("--name", "مریم نمونه", "--mobile", "09120000001", "--role", "administrator")
    run("user", "add", *person, "--username", "maryam", "--password", "golabi-anar-sib-27")
    assert "last administrator" in run("user", "disable", "maryam").stderr
    other = ("--name", "لیلا", "--mobile", "09120000002", "--role", "administrator")
    assert "/staff/invite/" in run("user", "invite", *other, "--username", "leila").output
    assert "is taken" in run("user", "invite", *other, "--username", "maryam").stderr
    assert "/staff/reset/" in run("user", "reset", "maryam").output
    assert "nobody" in run("user", "reset", "nobody").stderr
    run("user", "add", *other, "--username", "sara", "--password", "golabi-anar-sib-27")
    assert run("user", "disable", "maryam").exit_code == 0
    with migrated.work(write=False) as work:
        assert work.session.scalars(select(User.disabled_at).where(User.username == "maryam")).one()
    assert run("user", "enable", "maryam").exit_code == 0


def test_a_role_that_is_not_there_is_answered_by_those_that_are(run, migrated):
    """Roles made on a page have keys that no page shows; they are known by their titles."""
    with migrated.work() as work:
        work.session.add(Role(key="role-1a2b", title="Lost and found"))
    person = ("--name", "x", "--username", "maryam", "--mobile", "09120000001")
    refused = run("user", "add", *person, "--role", "clerk", "--password", "golabi-anar-sib-27")
    assert refused.exit_code == 2
    assert "role-1a2b (Lost and found)" in refused.stderr


def test_check_answers_machines(run, path):
    def checked(exit_code):
        answer = run("check", "--json")
        assert answer.exit_code == exit_code, answer.output
        return json.loads(answer.output)

    unready = checked(1)
    assert unready["errors"] >= 1
    assert {"owner", "level", "place", "text", "remedy"} == set(unready["findings"][0])
    [lacking] = [finding for finding in unready["findings"] if finding["place"] == "civicportal"]
    assert lacking["text"] == f"it has no tables in {make_site(path).engines.address}"
    assert lacking["remedy"] == "civicportal db upgrade, or correct site.database_url"
    run("db", "upgrade")
    run("site", "load")
    run(
        *("user", "add", "--name", "x", "--username", "maryam", "--mobile", "09120000001"),
        *("--role", "administrator", "--password", "golabi-anar-sib-27"),
    )
    ready = checked(0)
    assert (ready["errors"], ready["version"]) == (0, version("civicportal"))
    levels = [finding["level"] for finding in ready["findings"]]
    assert levels == ["warning"] * ready["warnings"]
    database = tomllib.loads(path.read_text())["site"]["database_url"]
    path.write_text(path.read_text().replace(database, "postgresql+psycopg://nobody@127.0.0.1:9/none"))
    [away] = checked(1)["findings"]
    assert (away["place"], away["text"].partition(":")[0]) == (
        "site.database_url",
        "the database does not answer",
    )
    path.write_text(path.read_text().replace("[site]", '[site]\ncolour = "red"'))
    [broken] = checked(2)["findings"]
    assert (broken["level"], "unknown key 'colour'" in broken["text"]) == ("error", True)


def test_check_names_what_is_missing(run, path):
    unready = run("check")
    assert unready.exit_code == 1
    assert "civicportal db upgrade" in unready.output
    run("db", "upgrade")
    unstaffed = run("check")
    assert unstaffed.exit_code == 1
    assert "there is no administrator" in unstaffed.output
    run("site", "load")
    run(
        *("user", "add", "--name", "x", "--username", "maryam", "--mobile", "09120000001"),
        *("--role", "administrator", "--password", "golabi-anar-sib-27"),
    )
    ready = run("check")
    assert ready.exit_code == 0, ready.output
    assert "errors: 0, warnings: " in ready.output.splitlines()[-1]


KNOB = """
import click

turn = click.Command("turn", callback=lambda: click.echo("whirr"), help="Turn the knob.")
stuck = "no command"
"""


def test_commands_of_plugins_belong_to_the_sites_that_list_them(install, tmp_path):
    install.plugin("gadget", files={"commands.py": KNOB}, commands={"turn": "turn", "serve": "turn"})
    install.plugin("gauge", files={"commands.py": "import nothing_such\n"}, commands={"read": "read"})
    install.plugin("lever", files={"commands.py": KNOB}, commands={"pull": "stuck"})

    def said(*arguments, plugins):
        path = make_site_file(tmp_path, site={"plugins": plugins})
        return CliRunner().invoke(main, ["--site", str(path), *arguments])

    assert said("turn", plugins=["gadget"]).output == "whirr\n"
    shown = said("--help", plugins=["gadget", "gauge", "lever"])
    assert shown.exit_code == 0
    told = [" ".join(line.split()) for line in shown.output.splitlines()]
    assert "turn Turn the knob." in told
    assert "serve Serve the portal until SIGTERM or Ctrl+C." in told, (
        "no plugin takes a command of the portal"
    )
    assert said("turn", plugins=["gauge"]).exit_code == 2
    assert "turn" not in said("--help", plugins=["gauge"]).output
    # What is broken says so when it is called, with whatever options, and not before.
    assert "read: gauge_package.commands:read cannot be imported: No module named" in (
        said("read", "--all", "x", plugins=["gauge"]).output
    )
    assert "lever_package.commands:stuck is no click command" in said("pull", plugins=["lever"]).output


def test_commands_of_a_site_s_own_package(install, tmp_path):
    install.plugin("town", files={"commands.py": KNOB}, commands={"turn": "turn"})
    path = make_site_file(tmp_path, site={"package": "town_package"})
    assert CliRunner().invoke(main, ["--site", str(path), "turn"]).output == "whirr\n"


def test_stats_name_what_is_wrong_and_make_it_right(run, migrated):
    with migrated.work() as work:
        make_case(work)
    assert run("stats", "verify").output == "0 counters and referrals are wrong\n"
    with migrated.work() as work:
        work.session.execute(update(CaseCount).values(n=7))
        work.session.execute(update(Referral).values(moved_kind="nonsense"))
    wrong = run("stats", "verify")
    assert wrong.exit_code == 1
    assert "stored (7, " in wrong.output
    assert "referral 1: its copied columns differ from its case" in wrong.output
    assert "1 referrals repaired" in run("stats", "rebuild").output
    assert run("stats", "verify").exit_code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("files", "verify"),
        ("stats", "verify"),
        ("audit", "verify"),
        ("search", "verify"),
        ("user", "disable", "maryam"),
    ],
    ids=" ".join,
)
def test_a_command_on_a_database_without_tables_names_the_one_that_is_missing(run, command):
    refused = run(*command)
    assert "Traceback" not in refused.output
    assert (refused.exit_code, "run civicportal db upgrade" in refused.output) == (2, True)


def test_a_command_without_a_database_says_so(tmp_path):
    path = make_site_file(tmp_path, site={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    refused = CliRunner().invoke(main, ["--site", str(path), "stats", "verify"])
    assert (refused.exit_code, "the database does not answer" in refused.output) == (1, True)


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path):
    (tmp_path / "portal.db").write_bytes(b"PK" * 1000)
    path = make_site_file(tmp_path, site={"database_url": f"sqlite:///{tmp_path}/portal.db"})
    for command in (["check"], ["db", "upgrade"], ["stats", "verify"]):
        refused = CliRunner().invoke(main, ["--site", str(path), *command])
        assert (refused.exit_code, "file is not a database" in refused.output) == (1, True)
        assert "Traceback" not in refused.output


def test_a_site_file_that_may_not_be_written_is_left_and_the_line_is_shown(tmp_path):
    """As the documented wrapper runs it: by a user who may read the file alone."""
    path = make_site_file(tmp_path, site={"plugins": ["reports", "feedback"]})
    before = path.read_text()
    # Root may write everywhere, but for what is in the way.
    (tmp_path / f"{path.name}.new").mkdir()
    refused = CliRunner().invoke(main, ["--site", str(path), "plugin", "disable", "feedback"])
    assert (refused.exit_code, 'plugins = ["reports"]' in refused.output) == (1, True)
    assert str(path) in refused.output
    assert path.read_text() == before


@pytest.mark.parametrize("text", ["[site]", "[site\n", "[site]\nplugins = 3", "site = 3", "\udcff"])
def test_a_site_file_without_a_list_of_plugins_is_named(tmp_path, text):
    path = tmp_path / "site.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    refused = CliRunner().invoke(main, ["--site", str(path), "plugin", "disable", "feedback"])
    assert refused.exit_code == 1
    assert f"{path}: the list site.plugins cannot be read" in refused.output
