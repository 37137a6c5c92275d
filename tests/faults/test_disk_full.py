"""A full disk: forms are redisplayed, and nothing partial is stored."""

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from portal import Portal, running
from senders import Citizen, by_form, senders, wait_until
from sqlalchemy import func, select

from civicportal.domain.cases.models import Attachment, Case
from civicportal.web.schema import new_key

pytestmark = pytest.mark.fault


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of two megabytes on a folder."""
    if os.geteuid():
        pytest.skip("only root mounts a disk")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False)
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def cases(portal: Portal) -> dict[str, str]:
    with portal.site.work(write=False) as work:
        return by_form(work.session.scalars(select(Case)).all())


def attachments(portal: Portal) -> int:
    with portal.site.work(write=False) as work:
        return work.session.scalar(select(func.count(Attachment.id))) or 0


def goes_through(citizen: Citizen, body: bytes, portal: Portal) -> bool:
    return citizen.post(body, portal.port)[0] == 303


@pytest.mark.both_databases
def test_no_room_for_pictures(tmp_path: Path, empty_database: str, civic_session) -> None:
    migrate = civic_session.databases.migrate
    with (
        small_disk(tmp_path / "files") as disk,
        running(tmp_path, empty_database, make_tables=migrate) as portal,
    ):
        [citizen] = senders(portal, 1).citizens
        portal.start()
        before = {path for path in disk.rglob("*") if path.is_file()}
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        key = new_key()
        body = citizen.form(key, 1)
        status, _location = citizen.post(body, portal.port)
        assert status in (422, 503, 507)
        assert (cases(portal), attachments(portal)) == ({}, 0)
        assert {path for path in disk.rglob("*") if path.is_file()} == before | {filler}
        filler.unlink()
        assert goes_through(citizen, body, portal)
        assert (list(cases(portal)), attachments(portal)) == ([key], 1)


def test_no_room_for_the_database(tmp_path: Path, civic_session) -> None:
    migrate = civic_session.databases.migrate
    with running(tmp_path, f"sqlite:///{tmp_path / 'portal.db'}", make_tables=migrate) as portal:
        [citizen] = senders(portal, 1).citizens
        portal.start()
        server = portal.process.pid
        # Python ignores the signal, so that a write says EFBIG as one on a full disk says ENOSPC.
        assert signal.SIGXFSZ in ignored(server)
        before = resource.prlimit(server, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        key = new_key()
        body = citizen.form(key, 1)
        statuses = {citizen.post(body, portal.port)[0] for _ in range(3)}
        assert statuses <= {422, 503}
        assert cases(portal) == {}
        resource.prlimit(server, resource.RLIMIT_FSIZE, before)
        wait_until(lambda: goes_through(citizen, body, portal))
        assert list(cases(portal)) == [key]


def ignored(process: int) -> set[int]:
    [mask] = [
        line.split()[1]
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith("SigIgn")
    ]
    return {number for number in range(1, 65) if int(mask, 16) >> (number - 1) & 1}
