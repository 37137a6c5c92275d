"""Settings of all tests. The fixtures are those of ``civicportal.pytest_plugin``."""

import shutil

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none, and say what to install."""
    if shutil.which("chromium"):
        return
    missing = pytest.mark.skip(reason="chromium is not installed (Debian: apt-get install chromium)")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(missing)
