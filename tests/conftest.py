"""Settings of all tests. The fixtures are those of ``civicportal.tools.pytest_plugin``."""

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from selection import LONG, left_out

from civicportal.testing.browser import program

if TYPE_CHECKING:
    from buckets import S3Service

# To look for rubbish among all that stays to the end, modules and tests, took a fifth of the run: see below.
gc.disable()

#: What takes long comes first, so that no worker is left alone with it at the end.
LONG_ONES = ("packaging", "browser", "fault")


def _rank(item: pytest.Item) -> int:
    marks = [mark for mark in LONG_ONES if item.get_closest_marker(mark)]
    return LONG_ONES.index(marks[0]) if marks else len(LONG_ONES)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests to ``make test-long``, run long ones first, and skip those whose programs are missing."""
    if not LONG and (deselected := left_out(items)):
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in set(deselected)]
    items.sort(key=_rank)
    if program():
        return
    missing = pytest.mark.skip(
        reason="no browser is installed (Debian: apt-get install chromium-headless-shell)"
    )
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(missing)


def pytest_collection_finish() -> None:
    """Look for rubbish from now on, seldom, and only in what the tests themselves make."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()


@pytest.fixture(scope="session")
def s3_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator["S3Service"]:
    """Return an S3-compatible service on loopback."""
    from buckets import S3Service

    service = S3Service(tmp_path_factory.mktemp("s3") / "log")
    yield service
    service.close()


@pytest.fixture
def bucket(s3_service: "S3Service") -> dict[str, str]:
    """Return the table ``[s3]`` that names an empty bucket."""
    return s3_service.new_bucket()
