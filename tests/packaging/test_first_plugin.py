"""The tutorial of plugins does what it says: its commands and changes are carried out one after the other."""

import os
import re
import sys
from pathlib import Path

import pytest
from scaffolded import make_environment, run

from civicportal.portal.demo.runner import PASSWORD
from civicportal.testing import make_site_file

PAGE = Path(__file__).parents[2] / "docs/plugins/first-plugin.md"
#: A block of the page with the words before it.
BLOCK = re.compile(r"(.*?)^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\bin (?:its )?`([^`]+\.\w+)`|^Translate them in `([^`]+)`", re.MULTILINE | re.IGNORECASE)
PROGRAMS = {"civicportal": "civicportal", "pytest": "pytest", "pybabel": "babel.messages.frontend"}
#: What stands for what is typed; pip builds with what the house has ("0" is its way to say so) and fetches nothing.
ENVIRONMENT = {"CIVICPORTAL_PASSWORD": PASSWORD, "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
#: It would not end.
SERVES = "civicportal serve\n"

pytestmark = pytest.mark.packaging


@pytest.fixture
def site(tmp_path):
    """The folder of a site without plugins."""
    return make_site_file(tmp_path / "site").parent


@pytest.fixture
def programs(tmp_path):
    """A folder with the programs that the page calls."""
    folder, python = tmp_path / "programs", make_environment(tmp_path / "environment")
    folder.mkdir()
    calls = {name: f"{python} -m {module}" for name, module in PROGRAMS.items()}
    calls["pip"] = f"{sys.executable} -m pip --disable-pip-version-check --python {python}"
    for name, call in calls.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def blocks():
    """Yield each block of the page: its language, its text, and the file named last before it."""
    path = ""
    for before, language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for names in FILE.findall(before):
            path = "".join(names)
        yield language, text, path


def change(path, diff):
    """Replace in a file the lines of a diff; the old ones stand there once."""
    lines = [(line[0], line[1:]) for line in diff.splitlines(keepends=True)]
    old = "".join(text for mark, text in lines if mark != "+")
    new = "".join(text for mark, text in lines if mark != "-")
    before = path.read_text(encoding="utf-8")
    assert before.count(old) == 1, f"{path}: {old}"
    path.write_text(before.replace(old, new), encoding="utf-8")


def test_every_step_of_the_tutorial(site, programs):
    plugin = site / "civicportal-parking"
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    for language, text, name in blocks():
        if language == "diff":
            change(plugin / name, text)
        elif language == "python":
            (plugin / name).write_text(text, encoding="utf-8")
        elif language == "toml":
            with (site / name).open("a", encoding="utf-8") as file:
                file.write(f"\n{text}")
        else:
            run("bash", "-ec", text.replace(SERVES, ""), cwd=site, PATH=path, **ENVIRONMENT)
