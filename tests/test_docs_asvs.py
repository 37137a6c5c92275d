"""The page about OWASP ASVS names every requirement once, and tests that exist; what it calls documented is."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/security/asvs.md").read_text(encoding="utf-8")
#: How many requirements of level 1 and 2 each section of ASVS 5.0 has; they are the first ones of it.
SECTIONS = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 5.1:1 5.2:3 5.3:2
5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2
10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2
13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2
"""
KINDS = ("Deviation", "Operator", "Open")
FOLDERS = {"i/": "tests/integration/", "u/": "tests/unit/", "b/": "tests/browser/", "f/": "tests/faults/"}
TEST = re.compile(r"`([\w:/]+\.py)::([\w:]+)`")


def wanted() -> Iterator[str]:
    for section in SECTIONS.split():
        name, _colon, number = section.partition(":")
        yield from (f"{name}.{place}" for place in range(1, int(number) + 1))


def rows() -> list[tuple[str, str, str]]:
    """Id, what is asked, and what shows it."""
    return re.findall(r"^\| (\d+\.\d+\.\d+) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)


def left_out() -> list[tuple[str, str]]:
    """Ids, and why they do not apply."""
    return re.findall(r"^\| ((?:\d+\.\d+\.\d+ ?)+) \| ([^|]+) \|$", PAGE, re.MULTILINE)


def path_of(short: str) -> Path:
    if plugin := re.fullmatch(r"p:(\w+)/(.+)", short):
        return ROOT / f"plugins/{plugin[1]}/tests/{plugin[2]}"
    return ROOT / (FOLDERS.get(short[:2], short[:2]) + short[2:])


@cache
def defined_in(path: Path) -> set[str]:
    """Return the tests of a module as pytest names them."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    for group in module.body:
        if isinstance(group, ast.ClassDef):
            found |= {
                f"{group.name}::{node.name}" for node in group.body if isinstance(node, ast.FunctionDef)
            }
    return {name for name in found if name.rpartition("::")[2].startswith("test_")}


def test_every_requirement_stands_there_once() -> None:
    named = [row[0] for row in rows()] + [number for ids, _why in left_out() for number in ids.split()]
    assert sorted(named) == sorted(wanted())
    # No line that looks like a row is left unread.
    begun = re.findall(r"^\| (\d[\d. ]*) \|", PAGE, re.MULTILINE)
    assert len(begun) == len(rows()) + len(left_out())


def test_rows_stand_in_their_order_below_their_chapter() -> None:
    order = list(wanted())
    assert [row[0] for row in rows()] == sorted((row[0] for row in rows()), key=order.index)
    for chapter, text in re.findall(r"^## V(\d+) .+?$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL):
        numbers = re.findall(r"^\| (\d+)\.\d+\.\d+ \|", text, re.MULTILINE)
        assert set(numbers) == {chapter}


def test_no_row_is_without_a_test_or_a_reason() -> None:
    wrong = []
    for number, what, shown in rows():
        kind = re.match(rf"\*\*({'|'.join(KINDS)}):\*\* (.*)", shown)
        reason = TEST.sub("", kind[2] if kind else shown).strip(" :")
        if (
            not what.strip()
            or (kind and len(reason) < 20)
            or (not kind and (reason or not TEST.search(shown)))
        ):
            wrong.append(number)
    assert wrong == []


@pytest.mark.parametrize(("short", "name"), sorted(set(TEST.findall(PAGE))))
def test_every_named_test_exists(short: str, name: str) -> None:
    assert name in defined_in(path_of(short))


def test_every_derived_key_is_listed() -> None:
    purpose = re.compile(r"(?:\.mac|\.derive|_hkdf\(key|self\.mac)\(?,? ?\"([a-z:-][a-z: -]*)\"")
    used = {
        name
        for package in (ROOT / "src", *ROOT.glob("plugins/*/src"))
        for path in package.rglob("*.py")
        for name in purpose.findall(path.read_text(encoding="utf-8"))
    }
    page = (ROOT / "docs/security/cryptography.md").read_text(encoding="utf-8")
    table = page.partition("## Derived keys")[2]
    assert {"audit:seal", "otp", "pii:encrypt"} < used
    assert set(re.findall(r"`([a-z:-][a-z: -]*)`", table)) == used


def test_every_library_is_in_the_inventory() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    names = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==\S+", text, re.MULTILINE)}
    seen: set[tuple[str, str]] = set()
    waiting = [("civicportal", extra) for extra in ("", "postgresql", "s3", "backup")]
    waiting += [(f"civicportal-{path.name.replace('_', '-')}", "") for path in ROOT.glob("plugins/*/")]
    while waiting:
        distribution, extra = waiting.pop()
        seen.add((distribution, extra))
        for needed in requires(distribution) or ():
            requirement = Requirement(needed)
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            name = canonicalize_name(requirement.name)
            more = {(name, ""), *((name, wanted_extra) for wanted_extra in requirement.extras)}
            waiting += more - seen - set(waiting)
    libraries = {name for name, _extra in seen if not name.startswith("civicportal")}
    assert len(libraries) > 30
    assert libraries - names == set()


def test_every_pin_is_looked_up() -> None:
    """The audit can look up exact versions only; without ``--strict`` it would skip one that it does not find."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.+!-]+( ?;.+)?", pin)] == []
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\naudit:")[2].partition("\n\n")[0]
    assert "pip-audit --strict " in recipe
    assert "-r constraints.txt" in recipe


def test_how_soon_libraries_are_mended_is_said() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## Libraries")[2]
    assert "within seven days" in policy
    assert "within thirty" in policy
