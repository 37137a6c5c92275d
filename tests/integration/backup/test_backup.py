"""Backups in one file: a restored portal equals the saved one, wrong files are refused, failures leave nothing."""

import hashlib
import json
import re
import resource
import signal
import subprocess
import sys
import tarfile
import threading
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from backup_portals import PICTURES, SECRET, open_case, quiet, rows_of, signed_in
from click.testing import CliRunner
from portal import READY
from sqlalchemy import delete, func, select, text

from civicportal.cli import main
from civicportal.core.migration import state as migrate_state
from civicportal.core.plugins import hookimpl
from civicportal.domain.accounts.invitations import InvitationService, LinkExpired
from civicportal.domain.accounts.models import Invitation, Session, User
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.stock import damages
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Unit
from civicportal.domain.statistics.repair import wrong_counters
from civicportal.portal import upgrade as migrate
from civicportal.testing import make_unit
from civicportal.tools.backup import BackupError
from civicportal.tools.backup.archive import ArchiveWriter
from civicportal.tools.backup.making import make_backup
from civicportal.tools.backup.manifest import describe
from civicportal.tools.backup.restoring import restore_backup
from civicportal.tools.backup.sealing import sign

pytestmark = pytest.mark.both_databases


class TestBack:
    def test_the_whole_portal_with_every_picture(self, assemble, fill, store, tmp_path):
        site, other = assemble("city", **store()), assemble("other", **store())
        fill(site)
        before = rows_of(site)
        made = make_backup(site, tmp_path / "backup", quiet)
        assert made.files == 2 * PICTURES
        assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
        done = restore_backup(other, tmp_path / "backup", quiet)
        assert (done.files, done.missing, done.same_file) == (2 * PICTURES, 0, False)
        assert rows_of(other) == before
        assert list(damages(other, other.storage, contents=True)) == []
        assert wrong_counters(other) == []
        assert SearchIndex(other.engines).verify() == (0, False)
        app = signed_in(other)
        with other.work(write=False) as work:
            attachments = work.session.scalars(select(Attachment)).all()
        assert len(attachments) == PICTURES
        for one in attachments:
            served = app.get(f"/attachments/{one.key}").body
            assert hashlib.sha256(served).hexdigest() == one.sha256
            app.get(f"/attachments/{one.key}/small")
        assert "سطل زبالهٔ 1" in app.get("/kartable")
        open_case(other, 99)
        assert rows_of(other)["cases"] != before["cases"]

    def test_sessions_end_and_waiting_messages_are_not_sent(self, city, assemble, tmp_path):
        with city.work() as work:
            waiting = work.session.scalar(select(func.count()).select_from(OutboxMessage))
        signed_in(city)
        make_backup(city, tmp_path / "backup", quiet)
        other = assemble("other")
        assert restore_backup(other, tmp_path / "backup", quiet).messages == waiting > 0
        with other.work(write=False) as work:
            assert set(work.session.scalars(select(OutboxMessage.state))) == {"cancelled"}
            assert work.session.scalar(select(func.count()).select_from(Session)) == 0

    def test_links_that_may_have_been_used_since_open_nothing(self, city, assemble, tmp_path):
        with city.work() as work:
            links, officer = work.get(InvitationService), work.session.scalars(select(User)).first()
            _, reset = links.reset(officer)
            invited, join = links.invite(username="new", name="ن", mobile="+989120000009", scopes=[])
            _, used = links.invite(username="two", name="ن", mobile="+989120000008", scopes=[])
            links.accept(links.open(used, "join"), name="ن", password="سپیدار بلند کنار رود")
        make_backup(city, tmp_path / "backup", quiet)
        other = assemble("other")
        assert restore_backup(other, tmp_path / "backup", quiet).links == 2
        with other.work() as work:
            for token, purpose in ((reset, "reset"), (join, "join")):
                with pytest.raises(LinkExpired):
                    work.get(InvitationService).open(token, purpose)
            assert work.session.get(Invitation, invited.id).revoked_at

    def test_wrong_counters_are_rebuilt(self, city, assemble, tmp_path):
        with city.engines.write.begin() as connection:
            connection.execute(text("UPDATE case_counts SET n = n + 7"))
            connection.execute(text("UPDATE cases SET search_text = ''"))
        make_backup(city, tmp_path / "backup", quiet)
        other = assemble("other")
        restore_backup(other, tmp_path / "backup", quiet)
        assert wrong_counters(other) == []
        assert SearchIndex(other.engines).verify() == (0, False)

    def test_a_backup_during_writes_has_a_picture_for_each_row(self, city, assemble, tmp_path):
        stop, opened = threading.Event(), []

        def write():
            while not stop.is_set():
                opened.append(open_case(city, len(opened)))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(3):
                make_backup(city, tmp_path / f"backup{number}", quiet)
        finally:
            stop.set()
            writer.join()
        assert opened
        for number in range(3):
            other = assemble(f"other{number}")
            assert restore_backup(other, tmp_path / f"backup{number}", quiet).missing == 0
            assert list(damages(other, other.storage, contents=True)) == []

    def test_a_picture_deleted_during_the_backup_is_reported(self, city, assemble, tmp_path):
        key = next(key for key in iter(city.storage.keys()) if "." not in key)

        def delete_it(_words):
            city.storage.delete(key)

        make_backup(city, tmp_path / "backup", delete_it)
        assert restore_backup(assemble("other"), tmp_path / "backup", quiet).missing == 1

    def test_an_older_one_is_brought_to_this_code(self, city, assemble, tmp_path):
        migrate.downgrade(city, migrate.CORE, "-1")
        assert migrate_state.pending(city)
        make_backup(city, tmp_path / "backup", quiet)
        other = assemble("other")
        restore_backup(other, tmp_path / "backup", quiet)
        assert migrate_state.pending(other) == []

    def test_by_force_it_takes_the_place_of_what_is_there(self, city, assemble, tmp_path):
        make_backup(city, tmp_path / "backup", quiet)
        before = rows_of(city)
        with city.work() as work:
            work.session.execute(delete(Case))
            make_unit(work, "newer")
        restore_backup(city, tmp_path / "backup", quiet, force=True)
        assert rows_of(city) == before


class TestInIt:
    def test_everybody_can_read_and_check_it(self, city, tmp_path):
        make_backup(city, tmp_path / "backup", quiet)
        with tarfile.open(tmp_path / "backup") as tar:
            names = tar.getnames()
            tar.extractall(tmp_path / "unpacked", filter="data")
        assert names[:2] == ["manifest.json", "database"]
        assert names[-2:] == ["SHA256SUMS", "SHA256SUMS.sig"]
        command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        done = subprocess.run(command, cwd=tmp_path / "unpacked", capture_output=True, text=True, check=True)
        assert len(done.stdout.splitlines()) == len(names) - 2

    def test_the_manifest_tells_what_the_portal_needs_and_no_secret(self, city, tmp_path):
        make_backup(city, tmp_path / "backup", quiet)
        with tarfile.open(tmp_path / "backup") as tar:
            found = tar.extractfile("manifest.json").read().decode()
        manifest = json.loads(found)
        assert manifest["database"] == city.engines.dialect
        assert manifest["secret_files"] == {"secret": "site.secret"}
        assert manifest["revisions"].keys() == {"civicportal"}
        assert SECRET not in found
        assert len(manifest["secret_mark"]) == 16


class TestRefused:
    @pytest.fixture
    def backup(self, city, tmp_path):
        make_backup(city, tmp_path / "backup", quiet)
        return tmp_path / "backup"

    def test_a_place_where_something_is(self, city, backup, assemble):
        with pytest.raises(BackupError, match="the database has tables and there are files in the store"):
            restore_backup(city, backup, quiet)
        other = assemble("other")
        other.storage.put("k" * 22, b"a picture")
        with pytest.raises(BackupError, match=r"there are files in the store.*--force"):
            restore_backup(other, backup, quiet)

    def test_a_file_that_is_there(self, city, backup):
        before = backup.read_bytes()
        with pytest.raises(BackupError, match="exists already"):
            make_backup(city, backup, quiet)
        assert backup.read_bytes() == before

    def test_a_database_without_tables(self, assemble, tmp_path):
        with pytest.raises(BackupError, match="has no tables"):
            make_backup(assemble("empty"), tmp_path / "backup", quiet)

    def test_another_kind_of_database(self, backup, assemble, civic_database):
        kind = {"sqlite": "postgresql", "postgresql": "sqlite"}[civic_database]
        with pytest.raises(BackupError, match=f"of a {civic_database} database.* names a {kind} one"):
            restore_backup(assemble("other", kind=kind), backup, quiet)

    def test_other_plugins(self, assemble, install, tmp_path):
        install.plugin("gadget")
        with_gadget = assemble("with", site={"plugins": ["gadget"]})
        migrate.upgrade(with_gadget)
        make_backup(with_gadget, tmp_path / "with-gadget", quiet)
        without = assemble("without")
        with pytest.raises(BackupError, match=r"has the plugin gadget 1\.0: install it"):
            restore_backup(without, tmp_path / "with-gadget", quiet)
        migrate.upgrade(without)
        make_backup(without, tmp_path / "without-gadget", quiet)
        with pytest.raises(BackupError, match=r"has no plugin gadget: take it off"):
            restore_backup(
                assemble("third", site={"plugins": ["gadget"]}), tmp_path / "without-gadget", quiet
            )

    def test_newer_tables(self, city, assemble, tmp_path):
        with city.engines.write.begin() as connection:
            connection.execute(text("UPDATE alembic_version_civicportal SET version_num = '9999'"))
        make_backup(city, tmp_path / "newer", quiet)
        with pytest.raises(BackupError, match="civicportal at 9999, which this code does not know"):
            restore_backup(assemble("other"), tmp_path / "newer", quiet)

    def test_another_secret_unless_the_old_one_is_lost(self, backup, assemble, tmp_path):
        (tmp_path / "another").write_text("quite another secret, long enough for everything")
        other = assemble("other", site={"secret": {"file": "../another"}})
        with pytest.raises(BackupError, match=r"site\.secret differs from that of the backup"):
            restore_backup(other, backup, quiet)
        assert restore_backup(other, backup, quiet, other_secret=True).files == 2 * PICTURES

    def test_what_is_no_backup(self, assemble, tmp_path):
        other = assemble("other")
        (tmp_path / "text").write_text("no archive" * 1000)
        with pytest.raises(BackupError, match="damaged or broken off"):
            restore_backup(other, tmp_path / "text", quiet)
        with tarfile.open(tmp_path / "tar", "w") as tar:
            tar.add(tmp_path / "text", "../../etc/passwd")
        with pytest.raises(BackupError, match="no backup of a portal"):
            restore_backup(other, tmp_path / "tar", quiet)
        with pytest.raises(BackupError, match="No such file"):
            restore_backup(other, tmp_path / "nowhere", quiet)

    def test_a_damaged_one_before_anything_is_touched(self, backup, assemble):
        content, other = backup.read_bytes(), assemble("other")
        with tarfile.open(backup) as tar:
            # The manifest may differ and be well-formed; its checksum reveals it.
            places = [member.offset_data + member.size // 2 for member in tar]
        for place in places:
            damaged = bytearray(content)
            damaged[place] ^= 1
            backup.write_bytes(damaged)
            self.refused_whole(backup, other)

    def test_one_that_breaks_off(self, backup, assemble):
        content, other = backup.read_bytes(), assemble("other")
        with tarfile.open(backup) as tar:
            # What follows the sums fills up the last block of the tape.
            whole = max(member.offset_data + member.size for member in tar)
        for length in range(0, whole, whole // 20):
            backup.write_bytes(content[:length])
            self.refused_whole(backup, other)

    @staticmethod
    def refused_whole(backup, other):
        with pytest.raises(BackupError):
            restore_backup(other, backup, quiet)
        assert list(other.storage.keys()) == []
        assert migrate_state.pending(other)

    def test_a_snapshot_that_the_database_refuses_changes_nothing(self, city, assemble, tmp_path):
        """The sums are right and the snapshot is not: everything that was there stays."""
        make_backup(city, tmp_path / "backup", quiet)
        with tarfile.open(tmp_path / "backup") as tar:
            snapshot = tar.extractfile("database").read()
        with (
            (tmp_path / "wrong").open("wb") as file,
            ArchiveWriter(file, 0, partial(sign, city)) as archive,
        ):
            archive.add("manifest.json", BytesIO(describe(city, city.clock.now()).to_json()))
            archive.add("database", BytesIO(snapshot[: len(snapshot) // 2]))
        before = rows_of(city)
        with pytest.raises(BackupError):
            restore_backup(city, tmp_path / "wrong", quiet, force=True)
        assert rows_of(city) == before


class TestCommand:
    @pytest.fixture
    def run(self):
        return lambda site, *arguments: CliRunner().invoke(main, ["--site", str(site.path), *arguments])

    def test_there_and_back(self, run, city, assemble, tmp_path):
        made = run(city, "backup", str(tmp_path / "backup"))
        assert made.exit_code == 0, made.output
        assert "not in it: secret (site.secret)" in made.output
        other = assemble("other")
        done = run(other, "restore", str(tmp_path / "backup"))
        assert done.exit_code == 0, done.output
        assert "all sessions are closed" in done.output
        again = run(other, "restore", str(tmp_path / "backup"))
        assert (again.exit_code, "--force" in again.output) == (1, True)
        assert run(other, "restore", "--force", str(tmp_path / "backup")).exit_code == 0
        with other.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Unit)) == 1

    def test_hook_portal_restored_ends_what_was_under_way_and_the_command_says_it(
        self, run, assemble, fill, install, tmp_path
    ):
        def gadgets(work):
            make_unit(work, "ended")
            return ["the knob is not turned any further"]

        def widgets(work):
            make_unit(work, "stopped")
            yield "two wheels"
            yield "and a bell stand still"

        install.plugin("gadget", hookimpl(specname="portal_restored")(gadgets))
        install.plugin("widget", hookimpl(specname="portal_restored")(widgets))
        plugins = {"plugins": ["gadget", "widget"]}
        site, other = (assemble(name, site=plugins) for name in ("city", "other"))
        fill(site)
        assert run(site, "backup", str(tmp_path / "backup")).exit_code == 0
        done = run(other, "restore", str(tmp_path / "backup"))
        assert done.exit_code == 0, done.output
        said = {"the knob is not turned any further", "two wheels", "and a bell stand still"}
        assert said <= set(done.output.splitlines())
        with other.work(write=False) as work:
            assert {"ended", "stopped"} <= set(work.session.scalars(select(Unit.key)))

    def test_what_ends_in_the_middle_leaves_nothing(self, city, tmp_path):
        folder = tmp_path / "backups"
        folder.mkdir()
        code = (
            "import select, sys\n"
            "from civicportal.tools.backup import databases, making\n"
            "from civicportal.cli import main\n"
            "dump = databases.dump\n"
            "def slow(*arguments):\n"
            "    dump(*arguments)\n"
            "    print('begun', flush=True)\n"
            "    while not select.select([sys.stdin], [], [], 0.1)[0]:\n"
            "        pass\n"
            "making.dump = slow\n"
            "main()\n"
        )
        command = [sys.executable, "-c", code, "--site", str(city.path), "backup", str(folder / "backup")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "begun\n"
            assert list(folder.iterdir())
            process.send_signal(signal.SIGTERM)
            assert process.wait(READY) == 128 + signal.SIGTERM
        assert list(folder.iterdir()) == []

    def test_a_full_disk_leaves_nothing(self, city, tmp_path):
        folder = tmp_path / "backups"
        folder.mkdir()
        # The snapshot fits, and the archive of it and all pictures does not.
        size = make_backup(city, tmp_path / "whole", quiet).size

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1024, size - 1024))

        command = [sys.executable, "-m", "civicportal", "--site", str(city.path)]
        done = subprocess.run(
            [*command, "backup", str(folder / "backup")],
            preexec_fn=limit,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert "File too large" in done.stderr
        assert list(folder.iterdir()) == []
        assert (tmp_path / "whole").stat().st_size == size


@pytest.mark.parametrize("command", ["list", "prune"])
def test_a_folder_that_is_not_there_is_no_repository(city, tmp_path, command):
    nowhere = f"{tmp_path}/nowhere/"
    done = CliRunner().invoke(main, ["--site", str(city.path), "backup", command, nowhere])
    assert done.exit_code == 1
    assert f"{nowhere} is no repository" in done.output


@pytest.mark.parametrize("command", [["backup"], ["backup", "list"], ["backup", "verify"], ["restore"]])
def test_a_url_of_another_kind_is_no_folder_here(city, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    address = "sftp://nas/backups/"
    done = CliRunner().invoke(main, ["--site", str(city.path), *command, address])
    assert done.exit_code == 1
    assert done.output == f"Error: {address}: name a file or a folder, or s3://BUCKET/FOLDER/\n"
    assert not Path("sftp:").exists()


def test_an_archive_that_cannot_be_deleted_is_named(city, tmp_path, monkeypatch):
    make_backup(city, f"{tmp_path}/backups/", quiet)
    city.clock.advance(days=1)
    make_backup(city, f"{tmp_path}/backups/", quiet)

    def refuse(path, **_options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    keep = [word for each in ("daily", "weekly", "monthly") for word in (f"--keep-{each}", "0")]
    done = CliRunner().invoke(
        main, ["--site", str(city.path), "backup", "prune", f"{tmp_path}/backups/", *keep]
    )
    assert done.exit_code == 1
    assert re.search(r"backups/archives/.*\.tar: Permission denied", done.output)
    assert "Traceback" not in done.output
