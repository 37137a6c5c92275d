import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from civicportal.core.storage import (
    FileMissing,
    IFileStorage,
    InvalidKey,
    LocalStorage,
    MemoryStorage,
    S3Storage,
    check_key,
    new_key,
)

FUTURE = datetime.now(UTC) + timedelta(days=1)
PAST = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(params=["local", "memory", "s3"])
def storage(request, tmp_path) -> IFileStorage:
    if request.param == "s3":
        return S3Storage(**request.getfixturevalue("bucket"), prefix="city/photos")
    return LocalStorage(tmp_path / "files") if request.param == "local" else MemoryStorage()


@pytest.fixture
def local(tmp_path):
    return LocalStorage(tmp_path / "files")


def names(directory):
    return [path for path in directory.rglob("*") if path.is_file()]


def test_every_store_has_the_whole_interface(storage):
    assert isinstance(storage, IFileStorage)


def test_a_file_comes_back_and_goes(storage):
    key = new_key()
    assert not storage.exists(key)
    storage.put(key, b"one")
    storage.put(f"{key}.small", BytesIO(b"two"))
    with storage.open(key) as file:
        assert file.read() == b"one"
    with storage.open(f"{key}.small") as file:
        assert file.read() == b"two"
    assert sorted(storage.keys()) == [key, f"{key}.small"]
    assert storage.delete(key)
    assert not storage.delete(key)
    assert list(storage.keys()) == [f"{key}.small"]
    with pytest.raises(FileMissing):
        storage.open(key)


def test_putting_again_replaces(storage):
    key = new_key()
    storage.put(key, b"a long first text")
    storage.put(key, b"short")
    with storage.open(key) as file:
        assert file.read() == b"short"


def test_keys_can_be_asked_by_age(storage):
    key = new_key()
    storage.put(key, b"x")
    assert list(storage.keys(before=PAST)) == []
    assert list(storage.keys(before=FUTURE)) == [key]


KEY = "A" * 22


@pytest.mark.parametrize(
    "key",
    ["", "x", "../../etc/passwd", "A" * 21, "A" * 23, KEY + ".", KEY + "./x", KEY + ".S", KEY + ".a.b", "/" + "A" * 21, KEY + "\n",
     KEY + "\x00", "A" * 21 + "/", "A" * 21 + "۱", "." * 22, KEY + ".small\n"],
)  # fmt: skip
def test_no_other_key_reaches_a_store(storage, key):
    with pytest.raises(InvalidKey):
        check_key(key)
    for call in (
        storage.open,
        storage.exists,
        storage.delete,
        lambda key: storage.put(key, b""),
    ):
        with pytest.raises(InvalidKey):
            call(key)


def test_new_keys_are_valid_and_never_repeat():
    keys = {new_key() for _ in range(2000)}
    assert len(keys) == 2000
    assert all(check_key(key) for key in keys)


def test_files_are_sharded_private_and_not_executable(local):
    key = new_key()
    local.put(key, b"x")
    path = local.directory / key[:2] / key
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o007 == 0


def test_what_others_left_among_the_files_is_passed_over(local):
    key = new_key()
    local.put(key, b"x")
    folder = local.directory / key[:2]
    for name in (".DS_Store", f".{key}.AbC123", ".nfs00000001", "README.txt"):
        (folder / name).write_bytes(b"")
    assert list(local.keys()) == [key]


class Breaks(BytesIO):
    """A source that fails in the middle, as a full disk or a broken connection would."""

    def read(self, size=-1):
        if self.tell():
            raise OSError("broke off")
        return super().read(3)


def test_a_write_that_fails_leaves_nothing(local):
    key = new_key()
    with pytest.raises(OSError, match="broke off"):
        local.put(key, Breaks(b"abcdef"))
    assert names(local.directory) == []
    assert not local.exists(key)


def test_a_replacement_that_fails_leaves_the_old_file(local):
    key = new_key()
    local.put(key, b"old")
    with pytest.raises(OSError, match="broke off"):
        local.put(key, Breaks(b"new one"))
    with local.open(key) as file:
        assert file.read() == b"old"


DIES = """
import os, sys
from civicportal.core.storage import LocalStorage

directory, key, name, nth = sys.argv[1:]
calls = 0
real = getattr(os, name)

def dying(*args, **kwargs):
    global calls
    calls += 1
    if calls == int(nth):
        os._exit(9)
    return real(*args, **kwargs)

setattr(os, name, dying)
LocalStorage(directory).put(key, b"content" * 1000)
"""


@pytest.mark.parametrize(
    ("name", "nth", "stored", "partial"),
    [
        ("fsync", 1, False, 0),
        ("fchmod", 1, False, 1),
        ("fsync", 2, False, 1),
        ("replace", 1, False, 1),
        ("fsync", 3, True, 0),
    ],
)
def test_a_crash_at_any_step_leaves_the_whole_file_or_none(local, name, nth, stored, partial):
    """The child dies by its own hand at the step; only what is on the disk counts."""
    key = new_key()
    done = subprocess.run([sys.executable, "-c", DIES, local.directory, key, name, str(nth)], check=False)
    assert done.returncode == 9
    assert local.exists(key) is stored
    assert list(local.keys()) == [key] * stored
    assert local.discard_partial(PAST) == 0
    assert local.discard_partial(FUTURE) == partial
    assert [path.read_bytes() for path in names(local.directory)] == [b"content" * 1000] * stored


def test_file_and_folders_are_synced_in_order(local, monkeypatch):
    calls = []
    real_fsync = os.fsync

    def fsync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    local.put(new_key(), b"x")
    assert calls == ["folder", "file", "folder"]


def test_many_threads_write_one_key_and_one_whole_file_stays(local):
    key = new_key()
    contents = [bytes([number]) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=local.put, args=(key, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with local.open(key) as file:
        assert file.read() in contents
    assert len(names(local.directory)) == 1
