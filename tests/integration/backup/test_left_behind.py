"""What lies on disks while a backup is made, and what a process leaves there that is killed in the middle."""

import os
import signal
import subprocess
import sys
import time

import pyrage
import pytest
from backup_portals import quiet
from click.testing import CliRunner
from portal import READY
from sqlalchemy import text

from civicportal.cli import main
from civicportal.tools.backup import making
from civicportal.tools.backup.databases import scratch
from civicportal.tools.backup.making import make_backup

pytestmark = pytest.mark.both_databases

STOPPED = """
import sys
from civicportal.tools.backup import {module}
from civicportal.cli import main

def stand(*arguments, **options):
    print("there", flush=True)
    sys.stdin.read()

{module}.{name} = stand
main()
"""


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def run(temporary, monkeypatch):
    """Return a function that runs a command with a folder of its own for temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    def run(site, *arguments):
        done = CliRunner().invoke(main, ["--site", str(site.path), *map(str, arguments)])
        assert done.exit_code == 0, done.output

    return run


@pytest.fixture
def kill_at(temporary):
    """Return a function that runs a command in a process and kills it at a function."""

    def kill_at(module, name, site, *arguments):
        code = STOPPED.format(module=module, name=name)
        command = [sys.executable, "-c", code, "--site", str(site.path), *map(str, arguments)]
        environment = {**os.environ, "TMPDIR": str(temporary)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
            while process.stdout.readline() != "there\n":
                assert process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait(READY)

    return kill_at


def left_in(*folders):
    return [
        path for folder in folders for path in folder.rglob("*") if path.is_file() and path.stat().st_size
    ]


def age(*folders):
    """Let everything in folders have been written two days ago."""
    for folder in folders:
        for path in folder.rglob("*"):
            os.utime(path, (time.time() - 172_800,) * 2)


def test_an_encrypted_backup_prepares_its_plain_snapshot_where_only_its_user_reads(
    assemble, fill, tmp_path, temporary, monkeypatch
):
    site = assemble("city", backup={"recipients": [str(pyrage.x25519.Identity.generate().to_public())]})
    fill(site)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    real, seen = making.dump, []

    def look(engines, path):
        seen.append((path.is_relative_to(temporary), path.parent.stat().st_mode & 0o777))
        return real(engines, path)

    monkeypatch.setattr(making, "dump", look)
    repository = tmp_path / "repository"
    make_backup(site, f"{repository}/", quiet, verify=True)
    make_backup(site, tmp_path / "whole.age", quiet)
    assert seen == [(True, 0o700)] * 2
    assert left_in(temporary) == []
    assert {path.suffix for path in left_in(repository)} == {".age", ".db"}


def test_what_a_killed_backup_left_goes_with_the_next_one_after_a_day(
    city, tmp_path, temporary, run, kill_at
):
    repository = tmp_path / "repository"
    repository.mkdir()
    kill_at("making", "store_pictures", city, "backup", repository)
    left = left_in(temporary, repository)
    assert left
    run(city, "backup", tmp_path / "other.tar")
    assert set(left) <= set(left_in(temporary, repository))
    age(temporary, repository)
    city.clock.advance(days=1)
    run(city, "backup", repository)
    assert set(left).isdisjoint(left_in(temporary, repository))
    assert left_in(repository / "archives")


def test_the_database_that_a_killed_restore_kept_goes_when_the_portal_is_whole(
    city, tmp_path, temporary, run, kill_at
):
    city.check_start()
    run(city, "backup", tmp_path / "backup.tar")
    kill_at("restoring", "_restore", city, "restore", "--force", tmp_path / "backup.tar")
    [kept] = left_in(temporary)
    assert kept.name == "database"
    age(temporary)
    refused = CliRunner().invoke(main, ["--site", str(city.path), "backup", str(tmp_path / "second.tar")])
    assert (refused.exit_code, "was broken off" in refused.output) == (2, True)
    assert kept.exists()
    run(city, "restore", "--force", tmp_path / "backup.tar")
    run(city, "backup", tmp_path / "third.tar")
    assert not kept.exists()


@pytest.mark.one_database("postgresql")
def test_scratch_databases_of_killed_processes_are_dropped_after_a_day(city, tmp_path):
    now = int(time.time())
    old, young = f"civicportal_verify_{now - 172_800}_abc", f"civicportal_verify_{now}_abc"
    with city.engines.read.connect() as connection:
        for name in (old, young):
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        with scratch(city.engines, tmp_path):
            pass
        with city.engines.read.connect() as connection:
            names = connection.execute(text("SELECT datname FROM pg_database")).scalars().all()
        assert (old in names, young in names) == (False, True)
    finally:
        with city.engines.read.connect() as connection:
            for name in (old, young):
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
