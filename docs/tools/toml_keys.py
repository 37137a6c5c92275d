"""Tables of the keys of a TOML table, from the schema that parses it."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import colander

from docs.tools.tables import code, table

HEAD = ("key", "what it is for", "what it must be", "if it is missing")


def section(place: str, schema: colander.SchemaNode) -> str:
    """Return a section with the keys of a schema, whose docstring says what each is.

    :param place: its heading, such as ``[site]``.
    """
    summary, said = _documented(type(schema))
    sentence = summary.partition(": ")[2]
    words = f"{sentence[:1].upper()}{sentence[1:]}\n\n" if sentence else ""
    rows = [(code(node.name), _what(said, place, node.name), _sort(node), _default(node)) for node in schema]
    return f"## `{place}`\n\n{words}{table(HEAD, rows)}"


def _what(said: dict[str, str], place: str, name: str) -> str:
    if name not in said:
        raise SystemExit(f"the schema of {place} does not say in its docstring what {name!r} is")
    return said[name].removesuffix(".")


def _documented(schema: type) -> tuple[str, dict[str, str]]:
    """Return the first paragraph of a docstring, and its descriptions of keys."""
    text = inspect.getdoc(schema) or ""
    summary = " ".join(text.partition(":ivar")[0].split()).replace("``", "`")
    keys = re.findall(r"^:ivar (\w+): (.+?)(?=^:|\Z)", text, re.MULTILINE | re.DOTALL)
    return summary, {name: " ".join(words.split()).replace("``", "`") for name, words in keys}


def _sort(node: colander.SchemaNode) -> str:
    if isinstance(node.typ, colander.Sequence):
        return f"an array of tables, {node.validator.max} at most"
    words = getattr(node.typ, "kind", "a table")
    return ", ".join([words, *_bounds(node.validator)])


def _bounds(validator: Any) -> Iterator[str]:
    if isinstance(validator, colander.OneOf):
        yield " or ".join(code(json.dumps(choice)) for choice in validator.choices)
    elif isinstance(validator, colander.Range) and validator.max is None:
        yield f"{validator.min} or more"
    elif isinstance(validator, colander.Range):
        yield f"{validator.min} to {validator.max}"
    elif isinstance(validator, colander.Length) and validator.max is not None:
        yield f"{validator.max} letters at most"


def _default(node: colander.SchemaNode) -> str:
    if node.missing is colander.required:
        return "refused"
    if node.missing is None or node.missing in ("", (), [], {}):
        return "–"
    return code(json.dumps(node.missing, ensure_ascii=False))
