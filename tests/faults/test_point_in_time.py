"""Restore the database to the second before rows were deleted, from a copy of it and its archived log."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from portal import Portal
from replication import Server, or_skip
from senders import by_form, senders, wait_until
from sqlalchemy import select

from civicportal.cli import main
from civicportal.core.site import Site
from civicportal.domain.cases.models import Case

pytestmark = pytest.mark.fault

ARCHIVE = """
archive_mode = on
archive_command = 'test ! -f {0}/%f && cp %p {0}/%f.part && sync {0}/%f.part && mv {0}/%f.part {0}/%f'
"""
RECOVERY = """
archive_mode = off
synchronous_standby_names = ''
restore_command = 'cp {0}/%f %p'
recovery_target_time = '{1}'
recovery_target_action = 'promote'
"""


class Archived(Server):
    """A server that keeps its log in a folder."""

    def __init__(self) -> None:
        super().__init__("one")

    def _make_data(self, *more: str) -> None:
        self.archive = self.own(self.folder / "archive")
        self._file = ARCHIVE.format(self.archive)
        super()._make_data(*more)

    def copy_whole(self) -> Path:
        """Return a copy of all databases, made while they are written to."""
        base = self.folder / "base"
        self._run("pg_basebackup", "-D", str(base), "-d", self.conninfo, "-X", "fetch", "-c", "fast")
        self._run("pg_verifybackup", str(base))
        return base

    def archive_all(self) -> None:
        """Wait until all that was written lies in the archive."""
        segment = self.sql("SELECT pg_walfile_name(pg_switch_wal())")
        wait_until(lambda: (self.archive / segment).exists())


class Recovered(Server):
    """A second server that begins with a copy and goes on to a moment."""

    def __init__(self, base: Path, archive: Path, moment: str) -> None:
        self._base, self._settings = base, RECOVERY.format(archive, moment)
        super().__init__("recovered")

    def _make_data(self, *_more: str) -> None:
        subprocess.run(["cp", "--archive", self._base, self.data], check=True)
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(self._settings)
        signal = self.data / "recovery.signal"
        signal.touch()
        if self._as_user:
            shutil.chown(signal, self._as_user["user"], self._as_user["group"])


@pytest.fixture
def server() -> Iterator[Archived]:
    found = or_skip(Archived)
    yield found
    found.stop()


def test_a_second_before_the_delete_everything_is_there(server: Archived, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    portal = Portal(tmp_path / "first", server.create_database())
    citizens = senders(portal)
    portal.start()
    citizens.start()
    try:
        citizens.wait_for(2)
        base = server.copy_whole()
        citizens.wait_for(4)
    finally:
        citizens.finish()
        portal.kill()
    sent, pictures = citizens.acknowledged, server.sql("SELECT count(*) FROM attachments", "portal")
    moment = server.sql("SELECT clock_timestamp()")
    server.sql("DELETE FROM attachments", "portal")
    assert server.sql("SELECT count(*) FROM attachments", "portal") == "0"
    server.archive_all()
    recovered = Recovered(base, server.archive, moment)
    try:
        wait_until(lambda: recovered.sql("SELECT pg_is_in_recovery()") == "f")
        assert recovered.sql("SELECT count(*) FROM attachments", "portal") == pictures
        bring_back(recovered, portal, tmp_path, sent)
    finally:
        recovered.stop()
        portal.site.engines.dispose()
    print(f"cases={len(sent)} pictures={pictures} recovered to {moment}")  # noqa: T201 - figures of the run


def bring_back(recovered: Server, portal: Portal, folder: Path, sent: dict[str, str]) -> None:
    """Look at the recovered database with the pictures that are there, and take a backup that can be restored."""
    text, there = portal.path.read_text(), portal.site.engines.read.url.render_as_string()
    path = folder / "recovered.toml"
    path.write_text(text.replace(there, f"postgresql+psycopg://postgres@127.0.0.1:{recovered.port}/portal"))
    for command in (("files", "verify"), ("stats", "verify"), ("backup", str(folder / "recovered.tar"))):
        done = CliRunner().invoke(main, ["--site", str(path), *command], env=portal.environment)
        assert done.exit_code == 0, f"{command}: {done.output}"
    site = Site(path, mode="demo", environ=portal.environment)
    try:
        with site.work(write=False) as work:
            assert sent.items() <= by_form(work.session.scalars(select(Case)).all()).items()
    finally:
        site.engines.dispose()
