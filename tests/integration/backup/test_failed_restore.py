"""A restore that fails leaves database and store as they were, says so, and may be repeated."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading

import pytest
from backup_portals import PICTURES, open_case, populate, quiet, rows_of
from click.testing import CliRunner
from portal import READY

from civicportal.cli import main
from civicportal.core.migration import state as migrate_state
from civicportal.core.storage import StorageUnavailable
from civicportal.domain.cases.stock import damages
from civicportal.domain.ownership import OwnershipMismatch, establish, portal_id
from civicportal.testing import make_site, make_site_file
from civicportal.tools.backup import BackupError, databases, restoring
from civicportal.tools.backup.making import make_backup
from civicportal.tools.backup.restoring import restore_backup

pytestmark = pytest.mark.both_databases

STAGES = {
    "files": ("civicportal.tools.backup.restoring._Undo._put", 3),
    "database": ("civicportal.tools.backup.restoring.load", 1),
    "tables": ("civicportal.portal.upgrade.upgrade", 1),
    "messages": ("civicportal.tools.backup.restoring._forget_the_past", 1),
    "counters": ("civicportal.tools.backup.restoring._make_whole", 1),
    "plugins": ("civicportal.tools.backup.restoring._end_what_went_on", 1),
    "damaged": ("civicportal.tools.backup.restoring._Undo.replace_changed", 1),
    "marks": ("civicportal.tools.backup.restoring.renew", 1),
}

#: Where files lie matters to those stages only that touch them.
PLACES = [("folder", stage) for stage in STAGES] + [
    ("bucket", stage) for stage in ("files", "damaged", "marks")
]


@pytest.fixture
def fail_at(monkeypatch):
    """Return a function that lets a stage fail: at its beginning, or when it has done its work."""

    def fail_at(stage, *, late=False, error=None):
        path, nth = STAGES[stage]
        module, _, name = path.rpartition(".")
        owner = restoring._Undo if module.endswith("_Undo") else sys.modules[module]
        real, calls = getattr(owner, name), [0]

        def failing(*args, **kwargs):
            calls[0] += 1
            if calls[0] != nth:
                return real(*args, **kwargs)
            if late:
                real(*args, **kwargs)
            raise error or StorageUnavailable("the store went away")

        monkeypatch.setattr(owner, name, failing)

    return fail_at


def content(site):
    """Everything in the store, quarantine and mark included."""
    store = site.storage.store
    files = {}
    for key in iter(store.keys()):
        with store.open(key) as file:
            files[key] = file.read()
    return files, sorted(store.quarantined()), store.read_mark()


@pytest.fixture(scope="module")
def made(civic_session, civic_database, tmp_path_factory):
    """A backup of a city, made once for each kind of database."""
    folder = tmp_path_factory.mktemp("origin")
    table = {"database_url": civic_session.new_database(civic_database)}
    site = make_site(make_site_file(folder / "city", site=table))
    civic_session.databases.migrate(site)
    populate(site)
    make_backup(site, folder / "backup", quiet)
    site.engines.dispose()
    return folder / "backup"


@pytest.fixture
def backup(made, tmp_path):
    return shutil.copyfile(made, tmp_path / "backup")


@pytest.mark.pairwise
@pytest.mark.parametrize("late", [False, True], ids=["at-once", "done"])
@pytest.mark.parametrize(("store", "stage"), PLACES, indirect=["store"])
class TestFailing:
    def test_an_empty_place_is_empty_again(self, assemble, store, backup, fail_at, monkeypatch, stage, late):
        place = assemble("place", **store())
        before = content(place)
        fail_at(stage, late=late)
        with pytest.raises(BackupError, match="nothing was restored: database and store are as they were"):
            restore_backup(place, backup, quiet)
        assert content(place) == before
        assert not restoring.has_tables(place.engines)
        monkeypatch.undo()
        assert restore_backup(place, backup, quiet).files == 2 * PICTURES
        assert list(damages(place, place.storage, contents=True)) == []

    def test_a_portal_is_as_it_was(
        self, assemble, store, backup, civic_session, fail_at, monkeypatch, stage, late
    ):
        place = assemble("place", **store())
        civic_session.databases.migrate(place)
        establish(place)
        populate(place)
        open_case(place, 50)
        before, rows = content(place), rows_of(place)
        fail_at(stage, late=late)
        with pytest.raises(BackupError, match="nothing was restored"):
            # Its own portal was lost; the place of another is refused.
            _restore_over(place, backup)
        assert content(place) == before
        assert rows_of(place) == rows
        place.check_start()
        monkeypatch.undo()
        _restore_over(place, backup)
        assert list(damages(place, place.storage, contents=True)) == []


def _restore_over(site, backup):
    return restore_backup(site, backup, quiet, force=True)


def test_what_cannot_be_put_back_is_said_and_kept(assemble, backup, civic_session, fail_at, monkeypatch):
    place = assemble("place")
    civic_session.databases.migrate(place)
    establish(place)
    populate(place)
    fail_at("counters")
    real, calls = restoring.load, []

    def once(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise BackupError("the disk is full")
        real(*arguments)

    monkeypatch.setattr(restoring, "load", once)
    monkeypatch.setattr("tempfile.tempdir", str(backup.parent))
    with pytest.raises(
        BackupError, match=r"could not be put back \(the disk is full\); the database of before lies in"
    ):
        _restore_over(place, backup)
    with pytest.raises(OwnershipMismatch, match="was broken off: run it again"):
        place.check_start()
    monkeypatch.undo()
    restore_backup(place, backup, quiet)
    place.check_start()


def test_a_foreign_store_is_not_restored_into_even_by_force(assemble, backup, civic_session):
    owner = assemble("owner")
    civic_session.databases.migrate(owner)
    establish(owner)
    place = assemble("place", site={"files": owner.settings["site"]["files"]})
    with pytest.raises(BackupError, match=f"belongs to another portal \\({portal_id(owner)}\\)"):
        restore_backup(place, backup, quiet, force=True)


def test_a_restored_portal_is_another_one(assemble, fill, tmp_path):
    site = assemble("city")
    fill(site)
    site.check_start()
    make_backup(site, tmp_path / "backup", quiet)
    drill = assemble("drill")
    restore_backup(drill, tmp_path / "backup", quiet)
    drill.check_start()
    assert portal_id(drill) != portal_id(site)
    wrong = assemble(
        "wrong",
        site={
            "database_url": drill.settings["site"]["database_url"],
            "files": site.settings["site"]["files"],
        },
    )
    with pytest.raises(OwnershipMismatch, match="belongs to another portal"):
        wrong.check_start()


KILLED = """
import signal
import sys
import tarfile
import threading
from civicportal.tools.backup import restoring
from civicportal.cli import main

# Under nohup it would be ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
real = getattr(restoring, sys.argv[1])

def stand(*arguments, **options):
    if sys.argv[2] == "after":
        real(*arguments, **options)
    print("there", flush=True)
    sys.stdin.read()

setattr(restoring, sys.argv[1], stand)
sys.argv[1:] = sys.argv[3:]
main()
"""


@pytest.mark.pairwise
@pytest.mark.parametrize("stage", [("load", "before"), ("load", "after"), ("_make_whole", "after")])
def test_one_that_is_killed_is_run_again(assemble, store, backup, stage):
    place = assemble("place", **store())
    command = [sys.executable, "-c", KILLED, *stage, "--site", str(place.path), "restore", str(backup)]
    # What a killed process leaves goes with the folder of the test.
    environment = {**os.environ, "TMPDIR": str(backup.parent)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        while process.stdout.readline() != "there\n":
            assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait(READY)
    if migrate_state.current(place)[0].current == migrate_state.current(place)[0].head:
        with pytest.raises(OwnershipMismatch, match="was broken off"):
            place.check_start()
    assert place.storage.store.read_mark().is_restoring
    done = CliRunner().invoke(main, ["--site", str(place.path), "restore", str(backup)])
    assert done.exit_code == 0, done.output
    place.check_start()
    assert list(damages(place, place.storage, contents=True)) == []
    assert migrate_state.pending(place) == []


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGHUP], [signal.SIGTERM, signal.SIGHUP]])
def test_one_that_is_told_to_end_puts_everything_back(assemble, backup, numbers):
    place = assemble("place")
    command = [
        sys.executable,
        "-c",
        KILLED,
        "_make_whole",
        "after",
        "--site",
        str(place.path),
        "restore",
        str(backup),
    ]
    # What a killed process leaves goes with the folder of the test.
    environment = {**os.environ, "TMPDIR": str(backup.parent)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        while process.stdout.readline() != "there\n":
            assert process.poll() is None
        # Its output is no longer read.
        process.stdout.close()
        for number in numbers:
            process.send_signal(number)
        # 120: Python could not write the rest of its output.
        assert process.wait(READY) in {120, *(128 + number for number in numbers)}
    assert content(place) == ({}, [], None)
    assert not restoring.has_tables(place.engines)


def test_a_damaged_picture_is_replaced_by_the_one_of_the_backup(assemble, fill, tmp_path):
    site = assemble("city")
    fill(site)
    site.check_start()
    make_backup(site, tmp_path / "backup", quiet)
    key = next(key for key in iter(site.storage.keys()) if "." not in key)
    site.storage.put(key, b"damaged")
    assert [damage.name for damage in damages(site, site.storage, contents=True)] == [key]
    restore_backup(site, tmp_path / "backup", quiet, force=True)
    assert list(damages(site, site.storage, contents=True)) == []


@pytest.mark.one_database("postgresql")
def test_one_that_is_told_to_end_while_the_database_is_loaded_leaves_no_program(
    assemble, backup, monkeypatch
):
    place, programs, threads = assemble("place"), [], threading.active_count()

    class Watched(databases.Client):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            programs.append(self._process)

    def end(*_arguments):
        raise SystemExit(143)

    monkeypatch.setattr(databases, "Client", Watched)
    monkeypatch.setattr(databases, "_feed", lambda source, _target: source.read())
    with (
        tarfile.open(backup) as archive,
        archive.extractfile("database") as snapshot,
        monkeypatch.context() as patch,
        pytest.raises(SystemExit),
    ):
        patch.setattr("shutil.copyfileobj", end)
        databases.load(place.engines, snapshot)
    assert [program.poll() is None for program in programs] == [False, False]
    assert threading.active_count() == threads
    assert not databases.has_tables(place.engines)
