"""Verification of picture files against their rows."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from civicportal.core.storage import FileMissing
from civicportal.domain.cases.models import Attachment

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.storage import IFileStorage

BATCH = 500
THREADS = 8


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A missing or damaged file.

    :ivar name: the file's key with its variant.
    """

    name: str
    what: Literal["missing", "changed"]


def damages(site: "Site", storage: "IFileStorage", *, contents: bool) -> Iterator[Damage]:
    """Yield missing and damaged files of pictures.

    :param contents: read every large picture and compare its digest, not only test existence.
    :raises StorageUnavailable: when the store cannot be used.
    """
    present = set(storage.keys())
    with ThreadPoolExecutor(THREADS) as pool:
        for rows in _batches(site):
            names = [name for key, _digest in rows for name in (key, f"{key}.small")]
            # A picture may have been added since the listing.
            gone = {name for name in names if name not in present and not storage.exists(name)}
            yield from (Damage(name=name, what="missing") for name in names if name in gone)
            if contents:
                there = [row for row in rows if row[0] not in gone]
                whole = pool.map(lambda row: _is_whole(storage, *row), there)
                found = zip(there, whole, strict=True)
                yield from (
                    Damage(name=key, what="changed") for (key, _digest), is_whole in found if not is_whole
                )


def recover(storage: "IFileStorage", damage: Damage) -> bool:
    """Restore a missing file from quarantine.

    :returns: False if it is not there.
    """
    return damage.what == "missing" and storage.recover(damage.name)


def _batches(site: "Site") -> Iterator[list[tuple[str, str]]]:
    last = 0
    while True:
        query = select(Attachment.id, Attachment.key, Attachment.sha256).where(Attachment.id > last)
        with site.work(write=False) as work:
            rows = work.session.execute(query.order_by(Attachment.id).limit(BATCH)).all()
        if not rows:
            return
        last = rows[-1].id
        yield [(row.key, row.sha256) for row in rows]


def _is_whole(storage: "IFileStorage", key: str, digest: str) -> bool:
    try:
        with storage.open(key) as file:
            return hashlib.sha256(file.read()).hexdigest() == digest
    except FileMissing:
        return False
