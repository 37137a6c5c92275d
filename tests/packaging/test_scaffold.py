"""A plugin that the scaffold has written is whole: its own tests pass, and linter and type checker are content."""

import pytest
from scaffolded import NAME, TOOLS, Distribution, run

pytestmark = pytest.mark.packaging


# One test: installing takes longest.
def test_a_new_plugin_is_whole(tmp_path):
    distribution = Distribution(tmp_path)
    folder, python = distribution.folder, distribution.python
    tests = ("-q", "-p", "no:cacheprovider", "--civic-db", "both")
    assert " passed" in run(python, "-m", "pytest", *tests, cwd=folder)
    run(TOOLS / "ruff", "check", "--no-cache", ".", cwd=folder)
    run(TOOLS / "ruff", "format", "--no-cache", "--check", ".", cwd=folder)
    run(python, "-m", "mypy", "--cache-dir", tmp_path / "types", cwd=folder)
    assert f"off  {NAME}" in run(
        python, "-m", "civicportal", "--site", _site(tmp_path), "plugin", "list", cwd=tmp_path
    )


def _site(folder):
    path = folder / "site.toml"
    path.write_text('[site]\nname = "شهر"\nshort_name = "شهر"\nplugins = []\n', encoding="utf-8")
    return path
