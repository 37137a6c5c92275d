"""The page that says what the portal does names addresses and tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from integration.routes import pages_of
from portal import Portal

from civicportal.app import create_app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/mission.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([MB]\d+) \|(.*)$", PAGE, re.MULTILINE))
TESTS = sorted(set(re.findall(r"`((?:tests|plugins)/\S+\.py::\S+)`", PAGE)))
ADDRESSES = sorted(set(re.findall(r"`(/\S*)`", PAGE)))


@cache
def names(path: str) -> set[str]:
    """Return the tests of a module as pytest names them."""
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    for group in module.body:
        if isinstance(group, ast.ClassDef):
            found |= {
                f"{group.name}::{node.name}" for node in group.body if isinstance(node, ast.FunctionDef)
            }
    return found


def test_every_feature_has_its_row_and_its_test() -> None:
    wanted = {f"M{number}" for number in range(1, 16)} | {f"B{number}" for number in range(1, 17)}
    assert set(ROWS) == wanted
    untested = {name for name, row in ROWS.items() if ".py::" not in row}
    assert untested == set()


@pytest.mark.parametrize("test", TESTS)
def test_every_named_test_exists(test: str) -> None:
    path, _colons, name = test.partition("::")
    assert name in names(path)


def test_every_named_address_exists(tmp_path: Path, civic_session) -> None:
    site = Portal(
        tmp_path, f"sqlite:///{tmp_path / 'portal.db'}", make_tables=civic_session.databases.migrate
    ).site
    create_app(site)
    patterns = {re.sub(r":(?:[^{}]|\{[\d,]+\})*\}", "}", page.pattern) for page in pages_of(site.registry)}
    site.engines.dispose()
    assert set(ADDRESSES) - patterns == set()
