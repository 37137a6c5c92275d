"""What the scaffold has written is whole: its own tests pass, and linter and type checker are content."""

import os
import re
from pathlib import Path

import pytest
from scaffolded import LIBRARY, PARKING, PIGEON, PLUGINS, TOOLS, Workshop, run

pytestmark = pytest.mark.packaging
#: The tutorial runs the tests of the service on SQLite; the gateway has no tables.
DATABASES = {PARKING.name: "postgresql", LIBRARY.name: "both", PIGEON.name: "sqlite"}

TESTING = Path(__file__).parents[2] / "docs/plugins/testing.md"


def shown():
    """The tests that the page of the testing kit shows, as one module."""
    section = TESTING.read_text(encoding="utf-8").partition("## Kinds of tests")[2].partition("\n## ")[0]
    return "\n\n".join(re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))


# One test: installing takes longest.
def test_new_plugins_are_whole(tmp_path):
    workshop = Workshop(tmp_path)
    assert shown().count("def test_") == 5
    (workshop.folders[PARKING.name] / "tests/test_shown.py").write_text(shown(), encoding="utf-8")
    for name, folder in workshop.folders.items():
        tests = ("-q", "-p", "no:cacheprovider", "--civic-db", DATABASES[name])
        assert " passed" in run(workshop.python, "-m", "pytest", *tests, cwd=folder)
        run(TOOLS / "ruff", "check", "--no-cache", ".", cwd=folder)
        run(TOOLS / "ruff", "format", "--no-cache", "--check", ".", cwd=folder)
    sources = [folder / "src" for folder in workshop.folders.values()]
    words = ("--config-file", workshop.folders[PARKING.name] / "pyproject.toml", "--cache-dir", os.devnull)
    path = os.pathsep.join(map(str, sources))
    run(workshop.python, "-m", "mypy", *words, *sources, cwd=tmp_path, MYPYPATH=path)
    listed = run(
        workshop.python, "-m", "civicportal", "--site", _site(tmp_path), "plugin", "list", cwd=tmp_path
    )
    assert all(f"off  {one.name}" in listed for one in PLUGINS)


def _site(folder):
    path = folder / "site.toml"
    path.write_text('[site]\nname = "شهر"\nshort_name = "شهر"\nplugins = []\n', encoding="utf-8")
    return path
