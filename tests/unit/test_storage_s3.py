"""What only a bucket can do: be shared, be away, hang, refuse, stumble."""

import os
import random
import socket
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pytest

from civicportal.core.storage import (
    FileMissing,
    LocalStorage,
    MemoryStorage,
    S3Storage,
    StorageUnavailable,
    new_key,
    s3,
)
from civicportal.core.storage.copying import copy_all
from civicportal.util.errors import ConfigurationError

NAMES = {"bucket": "pictures", "access_key": "a key", "secret_key": "its secret"}


@contextmanager
def service(*codes):
    """A service that answers with these codes, the last one for ever; yields its address and what it was asked."""
    asked, answers = [], list(codes)

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, body))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.send_header("Content-Length", "0")
            self.send_header("ETag", '"x"')
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def silence(monkeypatch):
    """A port that takes connections and never answers; with little patience."""
    monkeypatch.setattr(s3, "open_bucket", partial(s3.open_bucket, call_seconds=0.1))
    monkeypatch.setattr(s3, "RETRY_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_bucket_may_be_shared(bucket):
    one, other = S3Storage(**bucket, prefix="one"), S3Storage(**bucket, prefix="other")
    key = new_key()
    one.put(key, b"x")
    assert not other.exists(key)
    assert list(other.keys()) == []
    urlopen(Request(f"{bucket['endpoint']}/{bucket['bucket']}/one/README", b"no picture", method="PUT"))
    assert list(one.keys()) == [key]


def test_more_files_than_one_list_holds(bucket, monkeypatch):
    monkeypatch.setattr(s3, "_BATCH", 3)
    storage = S3Storage(**bucket)
    keys = [new_key() for _ in range(10)]
    for key in keys:
        storage.put(key, b"x")
    assert sorted(storage.keys()) == sorted(keys)


def test_a_large_file_goes_and_comes_in_parts(bucket, tmp_path):
    storage, key = S3Storage(**bucket), new_key()
    data = random.Random(7).randbytes(2 * s3.PART + 1000)
    (tmp_path / "export").write_bytes(b"head" + data)
    with (tmp_path / "export").open("rb") as file:
        file.seek(4)
        storage.put(key, file)
    assert list(storage.keys()) == [key]
    with urlopen(Request(f"{bucket['endpoint']}/{bucket['bucket']}/{key}", method="HEAD")) as head:
        assert head.headers["ETag"].strip('"').endswith("-3")
    with storage.open(key) as file:
        assert file.seek(0, os.SEEK_END) == len(data)
        file.seek(0)
        assert file.read(10) == data[:10]
        # The next part is requested when its turn comes: by then the file has been deleted.
        storage.delete(key)
        assert file.read(1000) == data[10:1010]
        with pytest.raises(FileMissing):
            file.read()


def test_large_files_come_back_whole_in_few_requests(bucket, monkeypatch):
    storage, key, read, asked = S3Storage(**bucket), new_key(), S3Storage._range, []
    monkeypatch.setattr(S3Storage, "_range", lambda *args: asked.append(args) or read(*args))
    data = random.Random(8).randbytes(2 * s3.PART + 1)
    storage.put(key, data)
    with storage.open(key) as file:
        assert file.read() == data
        assert file.read() == b""
        assert len(asked) == 3
        file.seek(s3.PART - 3)
        assert file.read(6) == data[s3.PART - 3 : s3.PART + 3]


def test_a_bucket_that_is_not_there_is_no_missing_file(bucket):
    storage = S3Storage(**{**bucket, "bucket": "no-such-bucket"})
    with pytest.raises(StorageUnavailable, match="no-such-bucket"):
        storage.put(new_key(), b"x")
    with pytest.raises(StorageUnavailable, match="no-such-bucket"):
        storage.open(new_key())


def test_a_stumble_is_tried_again_with_the_same_bytes(monkeypatch):
    monkeypatch.setattr(s3, "RETRY_SECONDS", 60.0)
    with service(503, 500, 200) as (address, asked):
        S3Storage(**NAMES, endpoint=address).put("A" * 22, b"bytes")
    assert asked == [("PUT", "/pictures/" + "A" * 22, b"bytes")] * 3


def test_a_refusal_is_not_tried_again_and_tells_no_secret(caplog):
    with service(403) as (address, asked), pytest.raises(StorageUnavailable) as refusal:
        S3Storage(**NAMES, endpoint=address).put(new_key(), b"x")
    assert len(asked) == 1
    assert "its secret" not in str(refusal.value) + caplog.text


@pytest.mark.parametrize(
    "call", [lambda s, k: s.put(k, b""), S3Storage.open, S3Storage.exists, S3Storage.delete, lambda s, k: list(s.keys())]
)  # fmt: skip
def test_a_service_that_is_away_is_told_by_every_call(call, monkeypatch):
    monkeypatch.setattr(s3, "RETRIES", 0)
    with pytest.raises(StorageUnavailable):
        call(S3Storage(**NAMES, endpoint="http://127.0.0.1:9"), new_key())


def test_a_service_that_hangs_is_left_alone_for_a_while(silence, monkeypatch):
    monkeypatch.setattr(s3, "PAUSE_SECONDS", 60.0)
    storage = S3Storage(**NAMES, endpoint=silence)
    for _ in range(s3.PATIENCE):
        with pytest.raises(StorageUnavailable, match=r"bucket pictures: (?!did not answer)"):
            storage.open(new_key())
    with pytest.raises(StorageUnavailable, match="did not answer a moment ago"):
        storage.open(new_key())


def test_it_is_tried_again_after_the_pause(monkeypatch):
    monkeypatch.setattr(s3, "RETRIES", 0)
    monkeypatch.setattr(s3, "PAUSE_SECONDS", 0.0)
    with service(*[500] * s3.PATIENCE, 200) as (address, asked):
        storage = S3Storage(**NAMES, endpoint=address)
        for _ in range(s3.PATIENCE):
            with pytest.raises(StorageUnavailable):
                storage.put(new_key(), b"x")
        storage.put(new_key(), b"x")
    assert len(asked) == s3.PATIENCE + 1


def test_a_missing_file_is_an_answer(bucket):
    storage = S3Storage(**bucket)
    for _ in range(2 * s3.PATIENCE):
        with pytest.raises(FileMissing):
            storage.open(new_key())


def test_without_its_client_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigurationError, match=r"pip install civicportal\[s3\]"):
        S3Storage(**NAMES, endpoint="https://s3.example.org")


def test_all_files_move_and_nothing_is_copied_twice(bucket, tmp_path):
    folder, target = LocalStorage(tmp_path / "files"), S3Storage(**bucket)
    names = [name for key in (new_key() for _ in range(6)) for name in (key, f"{key}.small")]
    for name in names:
        folder.put(name, name.encode())
    target.put(names[0], names[0].encode())
    told = []
    assert copy_all(folder, target, lambda *progress: told.append(progress)) == len(names) - 1
    assert told == [(len(names) - 1, len(names) - 1)]
    assert copy_all(folder, target, lambda *_: None) == 0
    back = MemoryStorage()
    assert copy_all(target, back, lambda *_: None) == len(names)
    for name in names:
        with back.open(name) as file:
            assert file.read() == name.encode()
