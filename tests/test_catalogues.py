"""Every text a person reads has a Persian translation, in the catalogue of its own distribution or in the core's."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
PACKAGES = [
    ROOT / "src/civicportal",
    *sorted(ROOT.glob("plugins/*/src/*")),
    *sorted(ROOT.glob("examples/*/src/*")),
]
PLACEHOLDER = re.compile(r"\$\{\w+\}|%\(\w+\)[sd]")

Text = str | tuple[str, ...]


@cache
def texts(package: Path) -> dict[Text, str]:
    """The texts of a package, each with the first place where it stands."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found: dict[Text, str] = {}
    for name, line, text, _comments, _context in extract_from_dir(package, methods, options):
        if text:
            found.setdefault(text, f"{package.name}/{name}:{line}")
    return found


@cache
def catalogue(package: Path) -> Catalog:
    path = package / "locale/fa/LC_MESSAGES/civicportal.po"
    if not path.exists():
        return Catalog(locale="fa")
    with path.open("rb") as file:
        return read_po(file, locale="fa", abort_invalid=True)


def pairs(package: Path) -> Iterator[tuple[str, str]]:
    """Each text with its translation, plural forms one by one."""
    for message in catalogue(package):
        if isinstance(message.id, tuple):
            yield from ((message.id[-1], form) for form in message.string)
        elif message.id:
            yield message.id, str(message.string)


def speaks_persian(package: Path) -> bool:
    """Plugins are for every city; a site says in which languages it is read."""
    site = package / "site.toml"
    return not site.exists() or "fa" in tomllib.loads(site.read_text("utf-8"))["site"]["languages"]


@pytest.mark.parametrize("package", [*filter(speaks_persian, PACKAGES)], ids=lambda path: path.name)
def test_every_text_is_translated(package: Path) -> None:
    missing = []
    for text, place in texts(package).items():
        key = text if isinstance(text, str) else text[0]
        if not any(is_translated(catalogue(folder), key) for folder in (package, PACKAGES[0])):
            missing.append(f"{place}: {text!r}")
    assert not missing, "\n".join(missing)


def is_translated(catalog: Catalog, key: str) -> bool:
    message = catalog.get(key)
    return bool(message and message.string and all(message.string) and not message.fuzzy)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_translations_keep_the_placeholders(package: Path) -> None:
    wrong = [
        f"{text!r} → {translation!r}"
        for text, translation in pairs(package)
        if not set(PLACEHOLDER.findall(translation)) <= set(PLACEHOLDER.findall(text))
    ]
    assert not wrong, "\n".join(wrong)


def test_one_text_is_translated_one_way() -> None:
    # A site may word things its own way; core and plugins agree.
    known: dict[str, dict[str, str]] = {}
    for package in PACKAGES:
        if "examples" not in package.parts:
            for text, translation in pairs(package):
                known.setdefault(text, {}).setdefault(translation, package.name)
    plural = {text[-1] for package in PACKAGES for text in texts(package) if isinstance(text, tuple)}
    assert {text: ways for text, ways in known.items() if len(ways) > 1 and text not in plural} == {}


def test_translations_are_persian() -> None:
    arabic = re.compile("[يك٠-٩]")
    wrong = [
        f"{text!r} → {translation!r}"
        for package in PACKAGES
        for text, translation in pairs(package)
        if arabic.search(translation)
    ]
    assert not wrong, "\n".join(wrong)
