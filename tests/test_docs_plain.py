"""Docs and docstrings use plain words: an avoided word occurs on as many lines as ``WORDS`` says, and on fewer with time."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
#: Avoided word: the number of lines that have it, and what to write instead. Numbers only ever become smaller.
WORDS = {
    "anew": (5, "again; rebuild, recompute"),
    "meanwhile": (27, "concurrently; name the time"),
    "whoever": (67, "anyone who, people who; the caller"),
    "by and by": (0, "gradually; in batches"),
    "made up": (0, "generated; consists of"),
    "one's own": (24, "own; name the owner"),
    "let somebody": (1, "an imperative such as Allow, Grant, Sign in"),
    "let nobody": (1, "an imperative such as Refuse, Prevent"),
    "somebody": (140, "a person, the user, an officer"),
    "nobody": (124, "no one; the passive"),
    "something else": (6, "name it"),
    "what stands in": (19, "the content of"),
    "what is kept of": (0, "the stored"),
    "how far they are": (1, "progress"),
}


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of the docstrings of a module with their numbers."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            yield from enumerate(ast.get_docstring(node, clean=False).splitlines(), node.body[0].lineno)


def texts() -> Iterator[tuple[str, str]]:
    """Yield all lines with their place, ``path:number``, those of the newest files first."""
    names = ("README.md", "SECURITY.md", "CONTRIBUTING.md")
    pages = [*map(ROOT.joinpath, names), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.py")]
    for path in sorted(pages, key=lambda page: -page.stat().st_mtime):
        lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for number, line in docstrings(path) if path.suffix == ".py" else lines:
            yield f"{path.relative_to(ROOT)}:{number}", line


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    places = defaultdict(list)
    for place, line in texts():
        for word in WORDS:
            if re.search(rf"\b{word}\b", line, re.IGNORECASE):
                places[word].append(f"{place}: {line.strip()}")
    return places


@pytest.mark.parametrize("word", WORDS)
def test_an_avoided_word_is_used_less_with_time(found: dict[str, list[str]], word: str) -> None:
    most, instead = WORDS[word]
    lines = found[word]
    assert len(lines) <= most, f"“{word}”: write “{instead}” in the new one of:\n" + "\n".join(lines)


def test_the_glossary_names_what_the_code_has() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", GLOSSARY, re.MULTILINE)
    terms = [term for row in rows if row[0] != "term" for term in row[0].split(", ")]
    assert len(terms) == len(set(terms)) > 60
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    code += "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("plugins/*/src/**/*.py"))
    classes = {name for row in rows for name in re.findall(r"`([A-Z]\w*[a-z]\w*)`", row[2])}
    assert [name for name in sorted(classes) if not re.search(rf"^class {name}\b", code, re.MULTILINE)] == []
