"""A first mapping for a file, from the names of its columns."""

from collections.abc import Mapping, Sequence

import tomlkit

from civicportal.portal.importing.fields import FIELDS
from civicportal.util.persian import key

HEAD = (
    "A first mapping, from the names of the columns: check every line.",
    "What a text of the old system means stands in [cases.values.…]: status, category, unit, channel.",
)


def suggest(
    name: str,
    headers: Sequence[str],
    kind: str,
    extra: Mapping[str, Sequence[str]],
    texts: Mapping[str, Sequence[str]],
) -> str:
    """Return a mapping file of cases, for a person to correct.

    :param name: of the file.
    :param kind: of its cases.
    :param extra: the kind's own columns, with names of headers.
    :param texts: some texts of each column.
    """
    known = {field: one.headers for field, one in FIELDS["cases"].items()} | dict(extra)
    columns = guess(headers, known)
    document = tomlkit.document()
    for line in HEAD:
        document.add(tomlkit.comment(line))
    source = tomlkit.table()
    source.add("name", "old")
    document.add("source", source)
    cases = tomlkit.table()
    cases.add("kind", kind)
    cases.add("files", [name])
    chosen = tomlkit.table()
    for field, header in columns.items():
        chosen.add(field, header)
    for header in headers:
        if header not in columns.values():
            chosen.add(tomlkit.comment(f"not used: {header}"))
    for field in known:
        if field not in columns and FIELDS["cases"].get(field) and FIELDS["cases"][field].required:
            chosen.add(tomlkit.comment(f'{field} = "…" is missing'))
    cases.add("columns", chosen)
    values = tomlkit.table(is_super_table=True)
    for field in ("status", "category", "unit", "channel"):
        if columns.get(field) and texts.get(columns[field]):
            meanings = tomlkit.table()
            for text in texts[columns[field]]:
                meanings.add(text, "")
            values.add(field, meanings)
    cases.add("values", values)
    document.add("cases", cases)
    return tomlkit.dumps(document)


def guess(headers: Sequence[str], known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the probable header of each field: a field takes the first of its names that a column has."""
    folded, found = {key(header): header for header in headers}, dict[str, str]()
    for field, names in known.items():
        for one in (field, *names):
            header = folded.get(key(one))
            if header and header not in found.values():
                found[field] = header
                break
    return found
