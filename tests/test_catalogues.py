"""Every text a person reads has a Persian translation, in the catalogue of its own distribution or in the core's."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from docs.tools.catalogues import CATALOGUES, PACKAGES, ROOT, texts, updated

MARKED = re.compile(r"from civicportal\.api\.\w+ import (?:\([^)]*|[^\n(]*)\b_\b")
PLACEHOLDER = re.compile(r"\$\{\w+\}|%\(\w+\)[sd]")


@cache
def catalogue(package: Path) -> Catalog:
    path = next(package.glob("locale/fa/LC_MESSAGES/*.po"), None)
    if path is None:
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
def test_a_plugin_has_a_domain_of_its_own(package: Path) -> None:
    shared = package == PACKAGES[0] or (package / "site.toml").exists()
    domain = "civicportal" if shared else package.name
    assert {path.stem for path in package.glob(CATALOGUES)} <= {domain}
    wrong = [path.name for path in package.rglob("*.py") if MARKED.search(path.read_text("utf-8"))]
    assert shared or not wrong, "import _ from the package itself"


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


@pytest.mark.parametrize(
    "path",
    [path for package in PACKAGES for path in package.glob(CATALOGUES)],
    ids=lambda path: path.parents[3].name,
)
def test_the_catalogues_are_as_the_command_writes_them(path: Path) -> None:
    """``make catalogues`` brings them up to date."""
    assert updated(path) == path.read_text(encoding="utf-8"), path.relative_to(ROOT)


HEAD = r"""# Somebody wrote this.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=1; plural=0;\n"
"""
LONG = r"""# A note that stays.
msgid ""
"Written long ago "
"in lines"
msgstr ""
"در چند "
"سطر"
"""
GONE = 'msgid "Nobody says this"\nmsgstr "هیچ‌کس"\n'
CORES = 'msgid "Continue"\nmsgstr ""\n'
CODE = """
def say(_, ngettext):
    return [_("Written long ago in lines"), _("${n} new texts"), _("Continue"), _("Back"), ngettext("a day", "days", 2)]
"""


def test_bringing_a_catalogue_up_to_date_leaves_what_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "locale/fa/LC_MESSAGES/civicportal.po"
    path.parent.mkdir(parents=True)
    (tmp_path / "words.py").write_text(CODE, encoding="utf-8")
    path.write_text("\n".join([HEAD, GONE, LONG, CORES]), encoding="utf-8")
    new = '#, python-brace-format\nmsgid "${n} new texts"\nmsgstr ""\n'
    day = 'msgid "a day"\nmsgid_plural "days"\nmsgstr[0] ""\n'
    assert updated(path) == "\n".join([HEAD, new, CORES, LONG, day])


def test_translations_are_persian() -> None:
    arabic = re.compile("[يك٠-٩]")
    wrong = [
        f"{text!r} → {translation!r}"
        for package in PACKAGES
        for text, translation in pairs(package)
        if arabic.search(translation)
    ]
    assert not wrong, "\n".join(wrong)
