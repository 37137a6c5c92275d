"""References in docstrings, such as ``:class:`Case```, name what exists."""

import ast
import re
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
REFERENCE = re.compile(r":(?:class|func|meth|data|mod|attr|exc):`~?([\w.]+)`")
#: Folders from which modules are imported.
FOLDERS = [ROOT / "src", *ROOT.glob("plugins/*/src"), *ROOT.glob("examples/*/src"), ROOT / "tests", ROOT]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names in the code of a module, without those of texts and comments."""
    with path.open("rb") as file:
        return frozenset(
            token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.NAME
        )


def module_of(parts: tuple[str, ...]) -> tuple[Path, tuple[str, ...]] | None:
    """Return the file of the module with which a dotted name begins, and the other parts of the name."""
    for length in range(len(parts), 0, -1):
        for folder in FOLDERS:
            place = folder.joinpath(*parts[:length])
            for path in (place.with_suffix(".py"), place / "__init__.py"):
                if path.is_file():
                    return path, parts[length:]
    return None


def is_known(reference: str, path: Path) -> bool:
    """Return whether a name is used in the code of a module, or is defined in the module that it names."""
    parts = tuple(reference.split("."))
    if set(parts) <= names_in(path) or parts[0] in sys.stdlib_module_names:
        return True
    found = module_of(parts)
    return found is not None and set(found[1]) <= names_in(found[0])


def references() -> Iterator[tuple[Path, int, str]]:
    """Yield the references in all docstrings with their file and line."""
    folders = ("src", "plugins", "examples", "benchmarks", "docs", "tests")
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if REFERENCE.search(text) else ():
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                for found in REFERENCE.finditer(str(node.value.value)):
                    yield path, node.lineno, found[1]


def test_a_reference_in_a_docstring_names_what_exists() -> None:
    unknown = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path, line, name in references()
        if path != Path(__file__) and not is_known(name, path)
    ]
    assert unknown == []


def test_a_missing_name_is_found() -> None:
    path = ROOT / "src/civicportal/core/work.py"
    assert is_known("Work", path)
    assert is_known("civicportal.core.work.Work.get", path)
    assert not is_known("Werk", path)
    assert not is_known("civicportal.core.work.Werk", path)
