"""What a process leaves in the folder for temporary files that is killed during an import or an export."""

import os
import signal
import subprocess
import sys
import time

import pytest

from civicportal.domain.exports.jobs import clean_exports
from civicportal.portal.importing.tasks import clean_imports

KILLED = """
import io, os, signal
from datetime import UTC, datetime
{begun}
os.kill(os.getpid(), signal.SIGKILL)
"""
IMPORT = """
from civicportal.portal.importing.staging import staging
from civicportal.portal.importing.sources import SourceRow
opened = staging()
opened.__enter__().add_history([("1", SourceRow(2, {"name": "Sara"}))])
"""
EXPORT = """
from civicportal.domain.exports.sheets import ExcelBook
book = ExcelBook(io.BytesIO(), title="", company="", made=datetime.now(UTC), rtl=True)
open(os.path.join(book._folder.name, "strings"), "w").write("Sara")
"""


@pytest.mark.parametrize(("begun", "clean"), [(IMPORT, clean_imports), (EXPORT, clean_exports)])
def test_it_is_deleted_after_a_day(city, tmp_path, monkeypatch, begun, clean):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(begun=begun)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    [left] = tmp_path.iterdir()
    assert (left.stat().st_mode & 0o777, list(left.iterdir()) != []) == (0o700, True)
    clean(city)
    assert left.exists()
    for path in (left, *left.iterdir()):
        os.utime(path, (time.time() - 172_800,) * 2)
    clean(city)
    assert not left.exists()
