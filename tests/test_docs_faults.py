"""The page about faults names tests that exist, and says truly on which databases each is run."""

import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/security/faults.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (F\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
ONE_ONLY = re.compile(r"(SQLite|PostgreSQL|none): .{15,}")


def named(cell: str) -> list[str]:
    """Return the tests of a row as pytest names them."""
    found = re.findall(r"`([^`]+)`", cell)
    return [name if name.startswith("tests/") else f"tests/faults/{name}" for name in found]


@cache
def collected() -> dict[str, set[str]]:
    """Return the databases of every test in the files that the page names."""
    files = sorted({name.partition("::")[0] for row in ROWS for name in named(row[2])})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--civic-db", "marked", *files]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    databases = defaultdict(set)
    for name, parameters in re.findall(r"^(tests/\S+?)(?:\[(.+)\])?$", lines, re.MULTILINE):
        databases[name] |= {one for one in ("sqlite", "postgresql") if one in parameters.split("-")}
    return databases


def test_every_fault_has_its_rows() -> None:
    assert [int(number[1:]) for number, *_ in ROWS] == sorted(int(number[1:]) for number, *_ in ROWS)
    assert {number for number, *_ in ROWS} == {f"F{number}" for number in range(1, 17)}
    assert len(ROWS) == len(re.findall(r"^\| F", PAGE, re.MULTILINE))


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_fault_tests_run_on_the_documented_databases(row: tuple[str, ...]) -> None:
    _number, _fault, tests, databases, _guarantee = row
    assert named(tests)
    for name in named(tests):
        assert name in collected(), name
        if databases == "both":
            assert collected()[name] == {"sqlite", "postgresql"}, name
        else:
            assert ONE_ONLY.fullmatch(databases)
