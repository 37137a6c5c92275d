"""A repository stores each picture once, in a folder or a bucket, and never loses one that a kept archive names."""

import hashlib
import random
import socket
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from backup_portals import PICTURES, open_case, quiet, rows_of
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from senders import wait_until
from sqlalchemy import delete

from civicportal.cli import main
from civicportal.core.storage import MemoryStorage
from civicportal.domain.cases.models import Attachment
from civicportal.domain.cases.stock import damages
from civicportal.tools.backup import BackupError, repository, targets
from civicportal.tools.backup.making import make_backup
from civicportal.tools.backup.repository import (
    FORM,
    archives,
    open_index,
    prune,
    read_picture,
    store_pictures,
)
from civicportal.tools.backup.restoring import restore_backup
from civicportal.tools.backup.targets import PICTURES as FOLDER
from civicportal.tools.backup.targets import FolderTarget, open_target
from civicportal.tools.backup.verifying import verify_backup
from civicportal.util.errors import ConfigurationError

# What a repository stores is pictures and files of any database; test_backup makes and restores those of both.
pytestmark = pytest.mark.one_database("sqlite")

KEY = pyrage.x25519.Identity.generate()


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    """The address of an empty repository, and the table ``[backup]`` that leads there."""
    if request.param == "folder":
        return f"{tmp_path}/repository/", {}
    table = request.getfixturevalue("s3_service").new_bucket()
    for name in ("access_key", "secret_key"):
        (tmp_path / f"backup-{name}").write_text(table[name])
        table[name] = {"file": f"../backup-{name}"}
    return f"s3://{table.pop('bucket')}/portal/", table


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
def city(request, assemble, fill, place):
    """A city whose backups go into the repository."""
    table = {**place[1], **({"recipients": [str(KEY.to_public())]} if request.param else {})}
    site = assemble("city", backup=table)
    fill(site)
    return site


def newest(site, address):
    target, _name = open_target(site, address)
    return f"{address}{archives(target)[-1][1]}"


def stored(site, address):
    return [name for name, _size in open_target(site, address)[0].sizes(FOLDER)]


class TestIncremental:
    def test_each_picture_is_stored_once(self, city, place):
        address, _table = place
        first = make_backup(city, address, quiet, verify=True)
        assert (first.files, first.added) == (2 * PICTURES, 2 * PICTURES)
        city.clock.advance(days=1)
        open_case(city, 7)
        second = make_backup(city, address, quiet, verify=True)
        assert (second.files, second.added) == (2 * PICTURES + 2, 2)
        assert len(stored(city, address)) == 2 * PICTURES + 2
        assert second.size < first.size + 100_000

    def test_every_archive_comes_back_whole(self, city, place, assemble):
        address, table = place
        make_backup(city, address, quiet)
        first, before = newest(city, address), rows_of(city)
        city.clock.advance(days=1)
        open_case(city, 7)
        make_backup(city, address, quiet)
        for number, archive in enumerate((first, newest(city, address))):
            other = assemble(f"other{number}", backup=table)
            found = verify_backup(other, archive, quiet, identities=[KEY])
            done = restore_backup(other, archive, quiet, identities=[KEY])
            assert done.files == found.files == 2 * (PICTURES + number)
            assert done.missing == 0
            assert list(damages(other, other.storage, contents=True)) == []
            assert (rows_of(other) == before) is (number == 0)

    def test_a_picture_that_is_damaged_or_gone_there(self, city, place, assemble):
        address, table = place
        make_backup(city, address, quiet)
        archive, target = newest(city, address), open_target(city, address)[0]
        name = stored(city, address)[0]
        target.delete(name)
        other = assemble("other", backup=table)
        with pytest.raises(BackupError, match=r"has no picture .*\n.*nothing was restored"):
            restore_backup(other, archive, quiet, identities=[KEY])
        assert list(other.storage.store.keys()) == []
        city.clock.advance(days=1)
        again = make_backup(city, address, quiet)
        assert (again.files, again.added) == (2 * PICTURES, 1)
        restore_backup(other, archive, quiet, identities=[KEY])

    def test_what_is_changed_there_is_found_in_a_round_of_backups(self, city, place, tmp_path, monkeypatch):
        monkeypatch.setattr(repository, "READ_AGAIN", 4)
        address, _table = place
        make_backup(city, address, quiet)
        target = open_target(city, address)[0]
        name = random.choice(stored(city, address))
        with target.open(name) as file:
            content = file.read()
        path = tmp_path / "changed"
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        target.put(name, path)
        refused = []
        for _day in range(4):
            city.clock.advance(days=1)
            try:
                make_backup(city, address, quiet)
            except BackupError as error:
                refused.append(str(error))
        assert [name in reason for reason in refused] == [True]

    def test_without_its_index_everything_is_stored_again(self, city, place):
        address, _table = place
        make_backup(city, address, quiet)
        open_target(city, address)[0].delete("index.db")
        city.clock.advance(days=1)
        assert make_backup(city, address, quiet).added == 2 * PICTURES
        assert len(stored(city, address)) == 2 * PICTURES

    def test_one_file_goes_into_a_bucket_too(self, city, place, assemble):
        address, table = place
        made = make_backup(city, f"{address}whole.tar", quiet, verify=True)
        assert made.verified.files == 2 * PICTURES
        other = assemble("other", backup=table)
        restore_backup(other, f"{address}whole.tar", quiet, identities=[KEY])
        assert rows_of(other) == rows_of(city)


class TestOneAtATime:
    def test_another_backup_and_a_prune_are_refused_during_a_backup(self, city, place):
        address, _table = place
        refused = []

        def try_another(_words):
            for another in (
                lambda: make_backup(city, address, quiet),
                lambda: prune(open_target(city, address)[0], daily=1, weekly=0, monthly=0, progress=quiet),
            ):
                with pytest.raises(BackupError, match="another backup, or a prune, is working in") as error:
                    another()
                refused.append(error)

        assert make_backup(city, address, try_another).files == 2 * PICTURES
        assert refused
        city.clock.advance(days=1)
        assert make_backup(city, address, quiet).added == 0

    def test_one_that_failed_gives_the_place_free(self, city, place, monkeypatch):
        address, _table = place

        def fail(*_arguments):
            raise BackupError("the database refuses")

        with monkeypatch.context() as patch:
            patch.setattr("civicportal.tools.backup.making.dump", fail)
            with pytest.raises(BackupError, match="the database refuses"):
                make_backup(city, address, quiet)
        assert make_backup(city, address, quiet).files == 2 * PICTURES


class TestLockOfABucket:
    @pytest.fixture
    def target(self, assemble, s3_service, tmp_path):
        table = s3_service.new_bucket()
        for name in ("access_key", "secret_key"):
            (tmp_path / name).write_text(table[name])
            table[name] = {"file": f"../{name}"}
        address = f"s3://{table.pop('bucket')}/portal/"
        return open_target(assemble("city", backup=table), address)[0]

    def test_of_another_machine_is_named(self, target):
        with (
            target.locked(),
            pytest.raises(BackupError, match=f"delete {target.place}/locks/{socket.gethostname()}-.*minutes"),
            target.locked(),
        ):
            pass
        assert list(target.sizes("locks")) == []

    def test_of_a_process_that_was_killed_is_free_when_it_has_expired(self, target, monkeypatch):
        target._write("locks/killed-1")
        monkeypatch.setattr(targets, "LOCK_LIFE", timedelta(0))
        with target.locked():
            assert not target.exists("locks/killed-1")
        assert list(target.sizes("locks")) == []

    def test_is_written_again_while_the_work_goes_on(self, target, monkeypatch):
        monkeypatch.setattr(targets, "LOCK_RENEW", timedelta(milliseconds=1))
        written, real = [], target._write
        monkeypatch.setattr(target, "_write", lambda name: written.append(name) or real(name))
        with target.locked():
            wait_until(lambda: len(written) > 2)
        assert len(set(written)) == 1

    def test_a_lock_taken_by_another_process_is_detected(self, target):
        with pytest.raises(BackupError, match=r"was working in .* at the same time"), target.locked():
            [(own, _size)] = target.sizes("locks")
            target.delete(own)


class TestPrune:
    def test_old_archives_go_and_with_them_what_only_they_name(self, city, place, assemble):
        address, table = place
        [gone, *_rest] = _keys(city)
        make_backup(city, address, quiet)
        with city.work() as work:
            work.session.execute(delete(Attachment).where(Attachment.key == gone))
        for name in (gone, f"{gone}.small"):
            city.storage.delete(name)
        for _backup in range(10):
            city.clock.advance(days=2)
            make_backup(city, address, quiet)
        run = ["--site", str(city.path), "backup", "prune", address]
        done = CliRunner().invoke(
            main, [*run, "--keep-daily", "3", "--keep-weekly", "2", "--keep-monthly", "0"]
        )
        assert done.exit_code == 0, done.output
        assert "2 pictures deleted" in done.output
        target = open_target(city, address)[0]
        assert len(stored(city, address)) == 2 * PICTURES - 2
        left = archives(target)
        assert 3 <= len(left) <= 5
        for number, (_moment, name) in enumerate(left):
            other = assemble(f"other{number}", backup=table)
            assert (
                restore_backup(other, f"{address}{name}", quiet, identities=[KEY]).files == 2 * PICTURES - 2
            )

    def test_the_newest_always_stays(self, city, place):
        address, _table = place
        make_backup(city, address, quiet)
        prune(open_target(city, address)[0], daily=0, weekly=0, monthly=0, progress=quiet)
        assert len(archives(open_target(city, address)[0])) == 1
        assert len(stored(city, address)) == 2 * PICTURES

    def test_the_list_of_archives(self, city, place):
        address, _table = place
        make_backup(city, address, quiet)
        done = CliRunner().invoke(main, ["--site", str(city.path), "backup", "list", address])
        assert done.output.count("archives/2026-") == 1


def _keys(site):
    return [key for key in iter(site.storage.keys()) if "." not in key]


BEGIN = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(
    lives=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=12),
    days=st.sets(st.integers(0, 60), min_size=1, max_size=25),
    keep=st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)),
    lost=st.integers(0, 60),
)
def test_pruning_never_deletes_what_a_kept_archive_names(tmp_path_factory, lives, days, keep, lost):
    """Pictures come and go, archives are made on some days, the index is lost once."""
    folder = tmp_path_factory.mktemp("repository")
    target, storage, named = FolderTarget(folder), MemoryStorage(), {}
    for day in sorted(days):
        moment = BEGIN + timedelta(days=day)
        pictures = {
            f"{number:022}" for number, (start, length) in enumerate(lives) if start <= day <= start + length
        }
        for key in [*storage.keys()]:
            storage.delete(key)
        for key in pictures:
            storage.put(key, key.encode())
        if named and day >= lost:
            target.delete("index.db")
            lost = 999
        with tempfile.TemporaryDirectory() as scratch, open_index(target, Path(scratch)) as index:
            assert store_pictures(target, index, storage, moment, [], quiet).named == len(pictures)
        (folder / "archives").mkdir(exist_ok=True)
        (folder / "archives" / f"{moment.strftime(FORM)}.tar").write_bytes(b"")
        named[moment] = pictures
    daily, weekly, monthly = keep
    prune(target, daily=daily, weekly=weekly, monthly=monthly, progress=quiet)
    kept = [moment for moment, _name in archives(target)]
    assert kept[-1] == max(named)
    there = {name.rpartition("/")[2] for name, _size in target.sizes(FOLDER)}
    assert set().union(*(named[moment] for moment in kept)) <= there


def test_a_bucket_without_its_settings_is_refused(assemble, fill):
    site = assemble("city")
    fill(site)
    with pytest.raises(ConfigurationError, match=r"backup\.endpoint: a backup in a bucket needs it"):
        make_backup(site, "s3://bucket/folder/", quiet)


def test_a_bucket_that_does_not_answer_is_no_backup(assemble, fill, tmp_path):
    for name in ("access_key", "secret_key"):
        (tmp_path / name).write_text("x")
    table = {
        "endpoint": "http://127.0.0.1:9",
        "access_key": {"file": "../access_key"},
        "secret_key": {"file": "../secret_key"},
    }
    site = assemble("city", backup=table)
    fill(site)
    with pytest.raises(BackupError, match="s3://bucket/folder"):
        make_backup(site, "s3://bucket/folder/", quiet)
    assert not list(Path(tmp_path).glob("civicportal-backup-*"))


class TestOlderArchives:
    """What is stored again may be named by archives that are kept since long before."""

    JANUARY, FEBRUARY = 30, 58

    @pytest.fixture
    def target(self, tmp_path):
        return FolderTarget(tmp_path / "repository")

    @pytest.fixture
    def back_up(self, target, tmp_path):
        def make(day, *pictures):
            storage, moment = MemoryStorage(), BEGIN + timedelta(days=day)
            for key in pictures:
                storage.put(key, b"as it was")
            with tempfile.TemporaryDirectory() as scratch, open_index(target, Path(scratch)) as index:
                store_pictures(target, index, storage, moment, [], quiet)
            archive = tmp_path / "archive"
            archive.write_bytes(b"")
            target.put(f"archives/{moment.strftime(FORM)}.tar", archive)

        return make

    def prune(self, target):
        """Keep the last archive of January and of February, and tell which pictures are there."""
        prune(target, daily=0, weekly=0, monthly=2, progress=quiet)
        days = [(moment - BEGIN).days for moment, _name in archives(target)]
        assert days == [self.JANUARY, self.FEBRUARY]
        return {name.rpartition("/")[2]: target.folder / name for name, _size in target.sizes(FOLDER)}

    def test_name_a_picture_that_was_damaged(self, target, back_up, monkeypatch):
        monkeypatch.setattr(repository, "READ_AGAIN", 1)
        one, two = "1" * 22, "2" * 22
        back_up(self.JANUARY, one, two)
        (target.folder / FOLDER / one[:2] / one).write_bytes(b"as it is!")
        with pytest.raises(BackupError, match="is not as it was stored"):
            back_up(self.JANUARY + 1, one, two)
        back_up(self.JANUARY + 2, one, two)
        back_up(self.FEBRUARY, two)
        there = self.prune(target)
        assert there[one].read_bytes() == b"as it was"

    def test_name_a_picture_that_another_backup_stored_at_the_same_time(self, target, back_up, tmp_path):
        one, two = "1" * 22, "2" * 22
        back_up(self.JANUARY - 1, one)
        index = (target.folder / "index.db").read_bytes()
        back_up(self.JANUARY, one, two)
        # The other one ended later, and has written what it knew.
        (target.folder / "index.db").write_bytes(index)
        back_up(self.JANUARY + 1, one, two)
        back_up(self.FEBRUARY, one)
        assert set(self.prune(target)) == {one, two}


def test_a_sound_picture_is_taken_where_a_damaged_one_lies_beside_it(tmp_path):
    """It was stored plainly and damaged, and stored again after encryption was turned on."""
    target, key, content = FolderTarget(tmp_path / "repository"), "1" * 22, b"as it was"
    digest = hashlib.sha256(content).hexdigest()
    for name, stored in ((key, b"as it is!"), (f"{key}.age", pyrage.encrypt(content, [KEY.to_public()]))):
        path = tmp_path / "stored"
        path.write_bytes(stored)
        target.put(f"{FOLDER}/{key[:2]}/{name}", path)
    assert read_picture(target, key, digest, [KEY]) == content
    target.delete(f"{FOLDER}/{key[:2]}/{key}.age")
    with pytest.raises(BackupError, match="is not the picture that the backup names"):
        read_picture(target, key, digest, [KEY])
