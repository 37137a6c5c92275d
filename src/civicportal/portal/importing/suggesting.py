"""A first mapping for files, from the names of their columns."""

from collections.abc import Mapping, Sequence

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.items import Table

from civicportal.portal.importing.contents import FileContents, guess, texts_of
from civicportal.portal.importing.fields import CHOSEN, ENTITIES, FIELDS

HEAD = (
    "A first mapping, from the names of the columns: check every line.",
    "What a text of the old system means stands in [cases.values.…]: status, category, unit, channel.",
)


def suggest(
    source: str, files: Mapping[str, FileContents], kind: str, extra: Mapping[str, Sequence[str]]
) -> str:
    """Return a mapping file, for a person to correct.

    :param source: name of the earlier system.
    :param files: contents by name.
    :param kind: of the cases.
    :param extra: the kind's own columns, with names of headers.
    """
    document = tomlkit.document()
    for line in HEAD:
        document.add(tomlkit.comment(line))
    about = tomlkit.table()
    about.add("name", source)
    document.add("source", about)
    add_tables(document, files, kind, extra)
    return tomlkit.dumps(document)


def add_tables(
    document: TOMLDocument,
    files: Mapping[str, FileContents],
    kind: str,
    extra: Mapping[str, Sequence[str]],
) -> None:
    """Add the tables of entities that a mapping does not have yet."""
    for entity in ENTITIES:
        own = {name: one for name, one in files.items() if one.entity == entity}
        if own and entity not in document:
            document.add(entity, _table(entity, own, kind, extra if entity == "cases" else {}))


def _table(
    entity: str, files: Mapping[str, FileContents], kind: str, extra: Mapping[str, Sequence[str]]
) -> Table:
    known = {**extra, **{field: one.headers for field, one in FIELDS[entity].items()}}
    # Those of every case are guessed first, also where a kind has a column of the same name.
    known = {name: known[name] for name in [*FIELDS[entity], *known]}
    headers = list(dict.fromkeys(header for one in files.values() for header in one.headers if header))
    columns = guess(headers, known)
    found = tomlkit.table()
    if entity in ("cases", "categories"):
        found.add("kind", kind)
    found.add("files", list(files))
    chosen = tomlkit.table()
    for field, header in columns.items():
        chosen.add(field, header)
    for header in headers:
        if header not in columns.values():
            chosen.add(tomlkit.comment(f"not used: {header}"))
    for field, one in FIELDS[entity].items():
        if field not in columns and one.required:
            chosen.add(tomlkit.comment(f'{field} = "…" is missing'))
    found.add("columns", chosen)
    values = tomlkit.table(is_super_table=True)
    for field in CHOSEN[entity]:
        texts = texts_of(files.values(), [columns[field]]) if field in columns else None
        if texts:
            meanings = tomlkit.table()
            for text in texts:
                meanings.add(text, "")
            values.add(field, meanings)
    found.add("values", values)
    return found
