"""A backup is proved by restoring it into a scratch database and a scratch store."""

import re
import secrets
import tarfile
import tracemalloc
from datetime import timedelta
from functools import partial
from io import BytesIO

import pytest
from backup_portals import PICTURES, quiet
from click.testing import CliRunner
from sqlalchemy import select, text

from civicportal.cli import main
from civicportal.portal.backups import records
from civicportal.portal.backups.models import BackupRun
from civicportal.tools.backup import BackupError, programs
from civicportal.tools.backup.archive import ArchiveWriter
from civicportal.tools.backup.databases import closing_engines, figures, scratch
from civicportal.tools.backup.making import make_backup
from civicportal.tools.backup.restoring import restore_backup
from civicportal.tools.backup.sealing import sign
from civicportal.tools.backup.verifying import verify_backup, verify_file
from civicportal.util.i18n import say

pytestmark = pytest.mark.both_databases


def rewritten(site, source, target, **changes):
    """Rewrite an archive, signed, with different contents of some members."""
    with tarfile.open(source) as tar:
        members = [(member.name, tar.extractfile(member).read()) for member in tar]
    with target.open("wb") as file, ArchiveWriter(file, 0, partial(sign, site)) as archive:
        for name, content in members:
            if not name.startswith("SHA256SUMS"):
                change = changes.get(name.rpartition("/")[2].partition(".")[0])
                archive.add(name, BytesIO(change(content) if change else content))
    return target


def a_picture(site):
    return next(key for key in iter(site.storage.keys()) if "." not in key)


class TestVerify:
    def test_it_is_restored_elsewhere_and_equal(self, city, tmp_path):
        before = figures(city.engines)
        made = make_backup(city, tmp_path / "backup", quiet, verify=True)
        assert (made.verified.files, made.verified.missing) == (2 * PICTURES, 0)
        assert made.verified.tables == len(before) > 30
        assert made.verified.rows == sum(count for count, _digest in before.values())
        later = verify_backup(city, str(tmp_path / "backup"), quiet)
        assert later == made.verified
        assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"backup"}

    def test_no_scratch_database_stays(self, city, tmp_path):
        make_backup(city, tmp_path / "backup", quiet, verify=True)
        if city.engines.dialect == "postgresql":
            with city.engines.read.connect() as connection:
                names = connection.execute(text("SELECT datname FROM pg_database")).scalars().all()
            assert [name for name in names if "verify" in name] == []

    def test_a_row_that_differs_is_found(self, city, tmp_path):
        make_backup(city, tmp_path / "backup", quiet)

        def change(manifest):
            return re.sub(rb'("cases": \[\s*3,\s*")', rb"\g<1>1", manifest)

        wrong = rewritten(city, tmp_path / "backup", tmp_path / "wrong", manifest=change)
        with pytest.raises(BackupError, match="the table cases has other rows"):
            verify_backup(city, str(wrong), quiet)
        fewer = rewritten(
            city,
            tmp_path / "backup",
            tmp_path / "fewer",
            manifest=lambda text: re.sub(rb'("cases": \[\s*)3', rb"\g<1>4", text),
        )
        with pytest.raises(BackupError, match="the table cases has 3 rows, not 4 rows"):
            verify_backup(city, str(fewer), quiet)

    def test_a_picture_that_is_another_is_found(self, city, tmp_path):
        make_backup(city, tmp_path / "backup", quiet)
        key = a_picture(city)
        wrong = rewritten(city, tmp_path / "backup", tmp_path / "wrong", **{key: lambda _content: b"another"})
        with pytest.raises(BackupError, match=f"the picture {key} is not the one that its row names"):
            verify_backup(city, str(wrong), quiet)

    def test_a_snapshot_that_cannot_be_restored_is_no_backup(self, city, tmp_path, monkeypatch):
        def broken(source):
            return source[: len(source) // 2]

        make_backup(city, tmp_path / "whole", quiet)
        wrong = rewritten(city, tmp_path / "whole", tmp_path / "wrong", database=broken)
        with pytest.raises(BackupError):
            verify_backup(city, str(wrong), quiet)

        def refuse(*_arguments):
            raise BackupError("the database refuses")

        monkeypatch.setattr("civicportal.tools.backup.verifying.load", refuse)
        with pytest.raises(BackupError, match="refuses"):
            make_backup(city, tmp_path / "backup", quiet, verify=True)
        assert not (tmp_path / "backup").exists()

    def test_a_picture_that_the_portal_has_lost_is_told(self, city, tmp_path):
        key = a_picture(city)
        city.storage.delete(key)
        run = ["--site", str(city.path), "backup", "--verify", str(tmp_path / "backup")]
        done = CliRunner().invoke(main, run)
        assert (done.exit_code, "1 pictures that rows name are missing" in done.output) == (3, True)
        assert (tmp_path / "backup").exists()


def test_a_list_of_many_pictures_takes_little_memory(city, tmp_path):
    number = 100_000
    make_backup(city, f"{tmp_path}/backups/", quiet)
    [archive] = (tmp_path / "backups/archives").iterdir()
    many = tmp_path / "many"
    with (
        tarfile.open(archive) as old,
        many.open("wb") as new,
        ArchiveWriter(new, 0, partial(sign, city)) as written,
    ):
        for member in old.getmembers()[:3]:
            content = old.extractfile(member).read()
            if member.name == "pictures":
                lines = (f"{secrets.token_hex(32)} 1 {secrets.token_urlsafe(16)}\n" for _ in range(number))
                content += "".join(lines).encode()
            written.add(member.name, BytesIO(content))
    tracemalloc.start()
    try:
        found = verify_file(city, many, quiet)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.missing == 0
    # A block of the list, and its lines; the digests alone would take 20 MB.
    assert peak < 15_000_000


class TestRemembered:
    @pytest.fixture
    def look(self, city, monkeypatch):
        monkeypatch.setattr(city, "mode", "production")

        def look():
            with city.work(write=False) as work:
                found = [(one.level, say(one.text)) for one in records.findings(work)]
                last = records.last_verified(work)
                return found, last and city.clock.now() - last

        return look

    def test_the_age_of_the_last_verified_one_is_a_finding(self, city, look, tmp_path):
        assert look() == ([("warning", "no backup was ever verified")], None)
        make_backup(city, tmp_path / "one", quiet)
        assert look() == ([("warning", "no backup was ever verified")], None)
        make_backup(city, tmp_path / "two", quiet, verify=True)
        assert look() == ([], timedelta(0))
        city.clock.advance(hours=37)
        assert look() == ([("warning", "the last verified backup is 37 hours old")], timedelta(hours=37))
        city.clock.advance(days=6)
        assert look()[0] == [("error", "the last verified backup is 181 hours old")]

    def test_verifying_later_counts_from_the_snapshot(self, city, look, tmp_path):
        make_backup(city, tmp_path / "one", quiet)
        city.clock.advance(hours=5)
        verify_backup(city, str(tmp_path / "one"), quiet)
        assert look() == ([], timedelta(hours=5))

    def test_one_that_failed_is_a_finding(self, city, look, tmp_path, monkeypatch):
        make_backup(city, tmp_path / "one", quiet, verify=True)
        with pytest.raises(BackupError):
            make_backup(city, tmp_path / "one", quiet)
        assert look()[0] == [
            ("error", f"the last backup failed: {tmp_path / 'one'} exists already: name a new file")
        ]
        with city.work(write=False) as work:
            assert len(work.session.scalars(select(BackupRun)).all()) == 2

    def test_the_reason_is_said_where_the_database_is_away_too(
        self, city, look, tmp_path, monkeypatch, caplog
    ):
        def away(*_arguments):
            # As when its server goes in the middle.
            monkeypatch.setattr(city, "engines", engines)
            raise BackupError("the database refuses: the server closed the connection")

        address = {
            "sqlite": f"sqlite:///{tmp_path}/nowhere/portal.db",
            "postgresql": "postgresql+psycopg://nobody@127.0.0.1:9/nothing",
        }
        with closing_engines(address[city.engines.dialect]) as engines:
            monkeypatch.setattr("civicportal.tools.backup.making.dump", away)
            with pytest.raises(BackupError, match="the server closed the connection"):
                make_backup(city, tmp_path / "one", quiet)
        assert "the database does not remember this backup" in caplog.text

    def test_a_restored_portal_has_none_of_its_own(self, city, assemble, tmp_path):
        make_backup(city, tmp_path / "one", quiet, verify=True)
        make_backup(city, tmp_path / "two", quiet, verify=True)
        other = assemble("other")
        restore_backup(other, tmp_path / "two", quiet)
        with other.work(write=False) as work:
            assert records.last_verified(work) is None


class TestPrograms:
    """Programs of several versions stand side by side."""

    @pytest.fixture
    def installed(self, tmp_path, monkeypatch):
        """Return a function that pretends that the programs of some versions are all there is."""

        def install(*versions):
            for version in versions:
                folder = tmp_path / "postgresql" / str(version) / "bin"
                folder.mkdir(parents=True)
                for name in programs.NEEDED:
                    (folder / name).write_text(
                        f"#!/bin/sh\necho '{name} (PostgreSQL) {version}.3 (Debian)'\n"
                    )
                    (folder / name).chmod(0o755)
            monkeypatch.setattr(programs, "FOLDERS", (f"{tmp_path}/postgresql/{{}}/bin",))
            monkeypatch.setenv(
                "PATH", str(tmp_path / "postgresql" / str(versions[-1]) / "bin") if versions else "/none"
            )

        return install

    def test_those_of_the_servers_version_are_taken(self, installed, tmp_path):
        installed(13, 15, 17)
        assert programs.programs_of(15)["pg_dump"] == str(tmp_path / "postgresql/15/bin/pg_dump")
        assert programs.programs_of(17)["psql"] == str(tmp_path / "postgresql/17/bin/psql")

    @pytest.mark.parametrize(
        ("versions", "here"), [((13, 17), "here are those of 13, 17"), ((), "none are here")]
    )
    def test_without_them_it_is_refused(self, installed, versions, here):
        installed(*versions)
        with pytest.raises(BackupError, match=f"the server is PostgreSQL 15.*{here}.*postgresql-client-15"):
            programs.programs_of(15)

    @pytest.mark.one_database("postgresql")
    def test_at_backup_time_before_anything_is_written(self, installed, city, tmp_path):
        version = programs.server_version(city.engines)
        installed(version + 1)
        folder = tmp_path / "backups"
        folder.mkdir()
        with pytest.raises(BackupError, match=f"apt-get install postgresql-client-{version}"):
            make_backup(city, folder / "backup", quiet)
        assert list(folder.iterdir()) == []

    @pytest.mark.one_database("postgresql")
    def test_a_newer_server_s_backup_is_refused(self, city, assemble, tmp_path):
        make_backup(city, tmp_path / "backup", quiet)
        newer = rewritten(
            city,
            tmp_path / "backup",
            tmp_path / "newer",
            manifest=lambda text: re.sub(rb'"server": \d+', b'"server": 99', text),
        )
        with pytest.raises(BackupError, match="the backup is of PostgreSQL 99, and this server is"):
            restore_backup(assemble("other"), newer, quiet)


@pytest.mark.one_database("postgresql")
def test_a_role_that_may_make_no_database_is_told_what_to_do(city, tmp_path, civic_session):
    url = city.engines.read.url
    with city.engines.read.connect() as connection:
        for statement in (
            "DROP ROLE IF EXISTS plain",
            "CREATE ROLE plain LOGIN",
            "GRANT pg_read_all_data TO plain",
        ):
            connection.exec_driver_sql(statement)
    try:
        address = url.set(username="plain").render_as_string(hide_password=False)
        with closing_engines(address) as engines:
            with (
                pytest.raises(BackupError, match=r"CREATEDB, or name an empty database"),
                scratch(engines, tmp_path),
            ):
                pass
            kept = civic_session.new_database("postgresql")
            with scratch(engines, tmp_path, kept) as empty, empty.write.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE one (id int)")
            with scratch(engines, tmp_path, kept):
                pass
            with (
                pytest.raises(BackupError, match="this database has tables"),
                scratch(engines, tmp_path, address),
            ):
                pass
    finally:
        with city.engines.read.connect() as connection:
            connection.exec_driver_sql("DROP OWNED BY plain")
            connection.exec_driver_sql("DROP ROLE plain")


def test_figures_do_not_depend_on_the_order_and_see_every_change(city, tmp_path):
    before = figures(city.engines)
    assert figures(city.engines) == before
    with city.engines.write.begin() as connection:
        connection.execute(text("UPDATE cases SET subject = subject || ' ' WHERE id = 1"))
    after = figures(city.engines)
    assert {name for name in before if before[name] != after[name]} >= {"cases"}
    assert [before["cases"][0], after["cases"][0]] == [3, 3]
