"""Generate the page of settings, from the schemas that parse ``site.toml``."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import colander

from civicportal.core.plugins import in_order
from civicportal.core.settings import SiteSettings
from civicportal.core.site import Site
from civicportal.portal.branding.schemas import SettingsForm
from civicportal.util.toml_types import FreeTable
from docs.tools.tables import code, table

HEAD = ("key", "what it is for", "what it must be", "if it is missing")
INTRODUCTION = """\
# Settings

All keys of `site.toml` with their defaults. The portal refuses to start with an unknown key or a value of the wrong type, and
reports it. A value can also be `{ env = "NAME" }`, `{ env = "NAME", default = "…" }` or
`{ file = "path" }`; secrets must be. [A first site](../first-site.md) shows a complete file.
"""


def page(site: Site) -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for node in SiteSettings():
        if not isinstance(node, FreeTable):
            parts.append(_section(f"[{node.name}]", node))
    parts += [_face(name) for name in ("look", "contact", "texts")]
    parts.append(
        "## `[limits]`\n\nOne key for each limit, an array of `[hits, seconds]`: [limits](../security/limits.md).\n"
    )
    for name, schema in in_order(site.hooks, "register_settings"):
        parts.append(_section(f"[plugins.{name}]", schema()))
    return "\n".join(parts)


def _section(place: str, schema: colander.SchemaNode) -> str:
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


def _face(name: str) -> str:
    prefix = f"{name}_"
    fields = [node for node in SettingsForm() if node.name.startswith(prefix)]
    rows = [(code(node.name.removeprefix(prefix)), str(node.title)) for node in fields]
    said = {
        "look": "Colours as `#rrggbb`; [theming](../extend/theming.md) names the tints that are made of them. ",
        "contact": "What the foot of each page says. ",
        "texts": "Words of the pages. ",
    }
    words = f"{said[name]}All may be changed under `/admin/settings`, which counts more than the file."
    return f"## `[{name}]`\n\n{words}\n\n{table(('key', 'what it is'), rows)}"
