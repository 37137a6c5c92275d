"""A build of open data is killed: the files of the one before are still there, and the next build is whole."""

import subprocess
import sys

import pytest
from sqlalchemy import select

from civicportal.portal.opendata.building import build
from civicportal.portal.opendata.models import DataBuild, DataFile
from civicportal.testing import make_unit

pytestmark = pytest.mark.both_databases

KILLED = """
import os, signal, sys
from pathlib import Path
from civicportal.portal.opendata import building
from civicportal.testing import make_site

site = make_site(Path(sys.argv[1]))
put, left = site.storage.store.put, int(sys.argv[2])

def killed(*arguments):
    global left
    put(*arguments)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

site.storage.store.put = killed
building.build(site)
"""


@pytest.fixture
def civic_settings():
    return {"open_data": {"enabled": True}}


def files(site):
    with site.work(write=False) as work:
        return {one.dataset: (one.key, one.sha256) for one in work.session.scalars(select(DataFile))}


@pytest.mark.parametrize("stored", [1, 2])
def test_a_killed_build_leaves_the_files_of_the_one_before(site, civic_environment, stored):
    build(site)
    before = files(site)
    with site.work() as work:
        make_unit(work, "later")
    # Two files differ, so that one is stored and the other is not, or both are and the tables are not written.
    for key, _digest in list(before.values())[:2]:
        site.storage.delete(key)
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(civic_environment.path), str(stored)], check=False
    )
    assert run.returncode == -9
    assert files(site) == before
    with site.work(write=False) as work:
        builds = work.session.scalars(select(DataBuild).order_by(DataBuild.id)).all()
        assert [one.finished_at is None for one in builds] == [False, True]
    build(site)
    after = files(site)
    assert after.keys() == before.keys()
    for key, _digest in after.values():
        assert site.storage.exists(key)
    with site.storage.open(after["units"][0]) as file:
        assert b"later" in file.read()
