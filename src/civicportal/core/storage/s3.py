"""Files in a bucket of an S3-compatible service."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property, partial
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from civicportal.core.storage.base import (
    MARK,
    QUARANTINE,
    FileMissing,
    StorageUnavailable,
    StoreMark,
    check_key,
    is_key,
)
from civicportal.core.storage.ranged import open_ranged
from civicportal.util.errors import ConfigurationError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Store

__all__ = ["S3Storage", "open_bucket"]

log = logging.getLogger(__name__)

CONNECT_SECONDS = 2
CALL_SECONDS = 6
"""Timeout of one call including its body, at most one part."""
PART = 5 * 1024 * 1024
"""Bytes of a part; S3's minimum is 5 MiB. Pictures are one part, exports may be many."""
PARTS_AT_ONCE = 2
RETRIES = 2
RETRY_SECONDS = 5
"""Seconds after the first attempt in which retries may begin."""
PATIENCE = 3
"""Consecutive failures after which the service is not called for a while."""
PAUSE_SECONDS = 5.0
_BATCH = 1000


def open_bucket(
    bucket: str,
    *,
    endpoint: str,
    region: str,
    access_key: str,
    secret_key: str,
    prefix: str = "",
    ca: str = "",
    call_seconds: float = CALL_SECONDS,
) -> S3Store:
    """Return a client of a bucket.

    A failed call is tried three times. Its threads do not survive a fork.

    :param ca: PEM certificates to trust in addition to those of the machine.
    :param call_seconds: timeout of one call including its body.
    """
    from obstore.store import S3Store

    options: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "timeout": timedelta(seconds=call_seconds),
    }
    if ca:
        options["root_certificate"] = ca
    retries: RetryConfig = {
        "max_retries": RETRIES,
        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
        "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1)},
    }
    return S3Store(
        bucket,
        endpoint=endpoint,
        region=region,
        access_key_id=access_key,
        secret_access_key=secret_key,
        prefix=prefix or None,
        client_options=options,
        retry_config=retries,
        virtual_hosted_style_request=False,
        disable_bulk_delete=True,
    )


class S3Storage:
    """A file store in a private bucket: `<prefix>/<key>`.

    Every call is idempotent: a key is written once, with the same bytes. So each is tried three times. After several
    failures all calls fail at once for five seconds (circuit breaker): otherwise every thread of the web server
    would wait for the service.

    :param endpoint: URL of the service, such as `https://s3.example.org`; the bucket is part of the path.
    :param prefix: folder in the bucket; empty for all of it.
    :param ca: PEM certificates to trust in addition to those of the system; empty for none.
    :raises ConfigurationError: when the client is not installed.
    """

    def __init__(
        self,
        *,
        bucket: str,
        endpoint: str,
        access_key: str,
        secret_key: str,
        region: str = "us-east-1",
        prefix: str = "",
        ca: str = "",
    ) -> None:
        try:
            import obstore
        except ImportError:
            raise ConfigurationError("[s3] needs the client: pip install civicportal[s3]") from None
        self.bucket = bucket
        self.endpoint = endpoint
        self.prefix = prefix
        self._errors: tuple[type[Exception], ...] = (obstore.exceptions.BaseError, ValueError)
        self._open = partial(
            open_bucket,
            bucket,
            endpoint=endpoint,
            region=region,
            access_key=access_key,
            secret_key=secret_key,
            prefix=prefix,
            ca=ca,
        )
        self._breaker = _Breaker()

    @cached_property
    def _store(self) -> S3Store:
        """Return the client, created by the first call."""
        return self._open()

    @property
    def place(self) -> str:
        folder = f"/{self.prefix}" if self.prefix else ""
        return f"the bucket {self.bucket}{folder} at {self.endpoint}"

    def read_mark(self) -> StoreMark | None:
        try:
            with self._calling(missing=MARK):
                return StoreMark.from_json(bytes(self._store.get(MARK).bytes()))
        except FileMissing:
            return None

    def write_mark(self, mark: StoreMark | None) -> None:
        with self._calling():
            if mark is None:
                self._store.delete(MARK)
            else:
                self._store.put(MARK, mark.to_json())

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        name, file = check_key(key), BytesIO(data) if isinstance(data, bytes) else data
        begun = file.tell()
        in_parts = file.seek(0, os.SEEK_END) - begun > PART
        file.seek(begun)
        with self._calling():
            # A small file is one call, which may be repeated with the same bytes.
            self._store.put(
                name,
                file if in_parts else file.read(),
                use_multipart=in_parts,
                chunk_size=PART,
                max_concurrency=PARTS_AT_ONCE,
            )

    def open(self, key: str) -> BinaryIO:
        name = check_key(key)
        with self._calling(missing=name):
            found = self._store.get(name)
            size = found.meta["size"]
            if size <= PART:
                return BytesIO(found.bytes())
        return open_ranged(partial(self._range, name), size, PART)

    def _range(self, name: str, start: int, length: int) -> bytes:
        with self._calling(missing=name):
            return bytes(self._store.get_range(name, start=start, length=length))

    def exists(self, key: str) -> bool:
        name = check_key(key)
        try:
            with self._calling(missing=name):
                self._store.head(name)
        except FileMissing:
            return False
        return True

    def delete(self, key: str) -> bool:
        # S3 reports no error for a missing object.
        found = self.exists(key)
        if found:
            with self._calling():
                self._store.delete(key)
        return found

    def keys(self, before: datetime | None = None) -> Iterator[str]:
        return self._listed("", before)

    def _listed(self, folder: str, before: datetime | None) -> Iterator[str]:
        """Yield the keys of the objects directly in a folder."""
        with self._calling():
            batches = self._store.list(folder or None, chunk_size=_BATCH)
        while True:
            with self._calling():
                batch = next(batches, None)
            if batch is None:
                return
            for item in batch:
                key = item["path"].removeprefix(folder)
                if (before is None or item["last_modified"] < before) and is_key(key):
                    yield key

    def discard_partial(self, before: datetime) -> int:
        """Return 0, because incomplete multipart uploads are not files.

        The bucket's lifecycle rule deletes them.
        """
        del before
        return 0

    def quarantine(self, key: str) -> bool:
        return self._move(check_key(key), f"{QUARANTINE}/{key}")

    def recover(self, key: str) -> bool:
        return self._move(f"{QUARANTINE}/{check_key(key)}", key)

    def quarantined(self, before: datetime | None = None) -> Iterator[str]:
        return self._listed(f"{QUARANTINE}/", before)

    def purge(self, key: str) -> bool:
        name = f"{QUARANTINE}/{check_key(key)}"
        try:
            with self._calling(missing=name):
                self._store.head(name)
                self._store.delete(name)
        except FileMissing:
            return False
        return True

    def _move(self, source: str, target: str) -> bool:
        """Copy an object, then delete the old one.

        An interruption between the two leaves both.
        """
        try:
            with self._calling(missing=source):
                self._store.copy(source, target)
                self._store.delete(source)
        except FileMissing:
            return False
        return True

    @contextmanager
    def _calling(self, missing: str = "") -> Iterator[None]:
        """Call the store, and convert its errors.

        :param missing: the key that may not exist.
        """
        self._breaker.check(self.bucket)
        try:
            yield
        except FileNotFoundError as error:
            self._breaker.answered()
            if missing and "NoSuchBucket" not in str(error):
                raise FileMissing(missing) from None
            raise StorageUnavailable(f"there is no bucket {self.bucket}") from None
        except self._errors as error:
            self._breaker.failed()
            reason = str(error).partition("\n")[0][:300]
            log.warning("bucket %s: %s", self.bucket, reason)
            raise StorageUnavailable(f"bucket {self.bucket}: {reason}") from None
        else:
            self._breaker.answered()


class _Breaker:
    """A circuit breaker that counts consecutive failures."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._opens_at = 0.0

    def check(self, bucket: str) -> None:
        with self._lock:
            if self._failures >= PATIENCE and time.monotonic() < self._opens_at:
                raise StorageUnavailable(f"bucket {bucket}: did not answer a moment ago")

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._opens_at = time.monotonic() + PAUSE_SECONDS

    def answered(self) -> None:
        with self._lock:
            self._failures = 0
