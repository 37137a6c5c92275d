"""Update the catalogues: ``python -m docs.tools.catalogues``, or ``make catalogues``.

Existing entries keep their wording and line breaks; new texts are inserted without a translation, and unused
ones are removed. ``pybabel update`` rewrites every entry, which hides the few real changes from a reviewer.
"""

import sys
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import denormalize, generate_po, read_po

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src/civicportal"
PACKAGES = [CORE, *sorted(ROOT.glob("plugins/*/src/*")), *sorted(ROOT.glob("examples/*/src/*"))]
CATALOGUES = "locale/*/LC_MESSAGES/*.po"
#: The catalogue of the core and of a site; a plugin's is named like its package.
CORES = "civicportal.po"

Text = str | tuple[str, ...]
"""A text, or the forms of one that a number takes."""


@cache
def texts(package: Path) -> dict[Text, str]:
    """Return the texts of a package, each with its first location."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found: dict[Text, str] = {}
    for name, line, text, _comments, _context in extract_from_dir(package, methods, options):
        if text:
            found.setdefault(text, f"{package.name}/{name}:{line}")
    return found


def updated(path: Path) -> str:
    """Return the updated catalogue.

    A text that the core translates is not asked for in others; a site may say those of all others in its own way.
    """
    package = path.parents[3]
    head, *entries = blocks(path.read_text(encoding="utf-8"))
    written = {text: entry for entry in entries if (text := said(entry)) is not None}
    own = {key(text): text for text in texts(package)}
    known = set(own).union(*(map(key, texts(one)) for one in PACKAGES if (package / "site.toml").exists()))
    of_core = set() if package == CORE else translated(CORE / path.relative_to(package).with_name(CORES))
    kept = {text: entry for text, entry in written.items() if text in known}
    language = read_catalogue(path)
    new = {text: empty(own[text], language) for text in own if text not in written and text not in of_core}
    return "\n\n".join([head, *(entry for _text, entry in sorted((kept | new).items()))]) + "\n"


def blocks(text: str) -> list[str]:
    """Return the entries of a catalogue as written; the first is its head."""
    return [block.strip("\n") for block in text.split("\n\n") if block.strip()]


def said(entry: str) -> str | None:
    """Return the msgid of an entry, or None of an obsolete one."""
    lines = iter(entry.splitlines())
    parts: list[str] = []
    for line in lines:
        if line.startswith("msgid "):
            parts.append(line.removeprefix("msgid "))
            break
    for line in lines:
        if not line.startswith('"'):
            break
        parts.append(line)
    return str(denormalize("\n".join(parts))) if parts else None


def key(text: Text) -> str:
    """Return the key of a text: of plural forms the first."""
    return text if isinstance(text, str) else text[0]


def empty(text: Text, language: Catalog) -> str:
    """Return an untranslated entry."""
    one = Catalog(locale=language.locale)
    one.mime_headers = language.mime_headers  # how many forms a number has
    one.add(text)
    return "".join(generate_po(one, omit_header=True, width=0)).strip("\n")


def read_catalogue(path: Path) -> Catalog:
    """Read a catalogue in the language of its folder."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def translated(path: Path) -> set[str]:
    """Return the texts that a catalogue translates; none if it does not exist."""
    return {key(one.id) for one in read_catalogue(path) if is_translated(one)} if path.exists() else set()


def is_translated(message: Message) -> bool:
    """Return whether an entry is completely translated, with its plural forms."""
    return bool(message.id and message.string and all(message.string))


def main() -> None:
    """Write changed catalogues, list untranslated texts, and compile all."""
    for path in (path for package in PACKAGES for path in sorted(package.glob(CATALOGUES))):
        text = updated(path)
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        catalogue = read_catalogue(path)
        for text in sorted({key(one.id) for one in catalogue if one.id and not is_translated(one)}):
            sys.stdout.write(f"  to be translated: {text}\n")
        with path.with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, catalogue)


if __name__ == "__main__":
    main()
