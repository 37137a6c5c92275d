"""Docs, docstrings and comments use plain words."""

import ast
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
#: What is avoided, and what to write instead.
WORDS = {
    "anew": "again; rebuild, recompute",
    "meanwhile": "concurrently; name the time",
    "whoever": "anyone who, people who; the caller",
    "by and by": "gradually; in batches",
    "made up": "generated; consists of",
    "one's own": "own; name the owner",
    "let somebody": "an imperative such as Allow, Grant, Sign in",
    "let nobody": "an imperative such as Refuse, Prevent",
    "somebody": "a person, the user, an officer",
    "nobody": "no one; the passive",
    "something else": "name it",
    "what stands in": "the content of",
    "what is kept of": "the stored",
    "how far they are": "progress",
}
ANY = re.compile("|".join(WORDS), re.IGNORECASE)


def code_words(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names and texts of a module, words of names apart."""
    text = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type in (tokenize.NAME, tokenize.STRING):
            yield token.start[0], token.string.replace("_", " ")


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of the docstrings and comments of a module with their numbers."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            yield from enumerate(ast.get_docstring(node, clean=False).splitlines(), node.body[0].lineno)
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def texts() -> Iterator[tuple[str, str]]:
    """Yield all lines with their place, ``path:number``.

    These are docstrings and comments of tests; of other Python code also names and texts; all lines of templates.
    """
    names = ("README.md", "SECURITY.md", "CONTRIBUTING.md")
    folders = ("docs", "src", "tests", "benchmarks", "examples", "plugins")
    code = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    guides = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/*.md"), *ROOT.glob("examples/*/*.md")]
    templates = [
        *ROOT.glob("src/**/*.jinja2"),
        *ROOT.glob("plugins/*/src/**/*.jinja2"),
        *ROOT.glob("src/**/*.in"),
    ]
    pages = [*map(ROOT.joinpath, names), *guides, *code, *templates]
    pages = [path for path in pages if path != Path(__file__)]
    for path in pages:
        text = path.read_text(encoding="utf-8")
        # To take all modules apart would take half a minute.
        if not ANY.search(text.replace("_", " ")):
            continue
        lines = enumerate(text.splitlines(), 1)
        for number, line in docstrings(path) if path.suffix == ".py" else lines:
            yield f"{path.relative_to(ROOT)}:{number}", line
        if path.suffix == ".py" and "tests" not in path.parts:
            for number, line in code_words(path):
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
def test_an_avoided_word_is_not_used(found: dict[str, list[str]], word: str) -> None:
    assert not found[word], f"“{word}”: write “{WORDS[word]}” in:\n" + "\n".join(found[word])


def test_the_glossary_names_what_the_code_has() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", GLOSSARY, re.MULTILINE)
    terms = [term for row in rows if row[0] != "term" for term in row[0].split(", ")]
    assert len(terms) == len(set(terms)) > 60
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    code += "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("plugins/*/src/**/*.py"))
    classes = {name for row in rows for name in re.findall(r"`([A-Z]\w*[a-z]\w*)`", row[2])}
    assert [name for name in sorted(classes) if not re.search(rf"^class {name}\b", code, re.MULTILINE)] == []


#: Persian of the catalogues and of the guide: words that are no longer used, and their replacements.
PERSIAN = {
    "بر(?:می‌)?گز(?:ین|ید)": "انتخاب",
    "نویسه": "حرف، کاراکتر",
    "پالای|صافی": "فیلتر",
    r"\bشمار\b": "تعداد",
    r"(?<!هن)گام": "مرحله، اقدام",
    "واپسین|نخستین": "آخرین، اولین",
    "همگانی": "عمومی، منتشر شد",
    "رایانامه": "ایمیل",
    "خوراک خبر": "اشتراک RSS",
    "نمی‌خوانند": "مطابقت ندارند",
    "از آنِ": "متعلق به",
    "رونوشت‌برداری": "کپی",
    "دست‌کم": "حداقل",
    "تندتر": "سریع‌تر",
    "بی‌صاحب": "به هیچ نقشی داده نشده",
    "مسیریابی": "ارجاع خودکار",
    "برداشتن برای من": "به عهده گرفتن",
}


def persian_lines() -> Iterator[str]:
    """Yield the Persian of all catalogues and of the guide, each text with its place."""
    for path in sorted(ROOT.glob("**/locale/fa/LC_MESSAGES/*.po")):
        if ".venv" in path.parts:
            continue
        for message in messages_of(path):
            for text in message.string if isinstance(message.string, tuple | list) else [message.string]:
                yield f"{path.relative_to(ROOT)}: {text}"
    for path in [*ROOT.glob("src/**/guide/fa/*.md"), *ROOT.glob("plugins/*/src/**/guide/fa/*.md")]:
        yield from (
            f"{path.relative_to(ROOT)}: {line}" for line in path.read_text(encoding="utf-8").splitlines()
        )


def messages_of(path: Path) -> list[Message]:
    """Return the translated messages of a catalogue."""
    with path.open("rb") as file:
        return [message for message in read_po(file, locale="fa") if message.id and message.string]


@pytest.mark.parametrize("word", PERSIAN)
def test_persian_uses_everyday_words(word: str) -> None:
    found = [line for line in persian_lines() if re.search(word, line)]
    assert found == [], f"write “{PERSIAN[word]}”"
