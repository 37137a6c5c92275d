"""The names of ``civicportal.api`` for its page in the docs: by what they belong to, each with its first sentence."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs/plugins/api.md"
BEGIN, END = "<!-- written by tests/api_surface.py -->\n", "<!-- end -->\n"
#: Title of a table: the modules and packages whose names stand in it; the longest that fits counts.
TABLES = {
    "The portal and its plugins": "hookspecs core util.errors util.toml_types cli",
    "People and rights": "core.security domain.accounts domain.audit domain.cases.access",
    "Cases": "domain.cases util.personal_data",
    "Units, routing and the kartable": "domain.organization domain.kartable",
    "Messages": "core.messages domain.notifications",
    "Forms": "web.forms web.schema util.persian",
    "Pages": "web portal.dashboard util.i18n util.lists",
    "Tables and pictures": "core.db core.storage",
    "Time and place": "util.calendar util.geo util.countries",
    "Figures and files to take along": "domain.statistics domain.exports",
    "The demonstration": "portal.demo",
}


def page() -> str:
    """Return the page as it should be: its tables written anew, the rest as it is."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{_tables()}\n{END}{rest.partition(END)[2]}"


def _tables() -> str:
    rows: dict[str, list[str]] = {title: [] for title in TABLES}
    title_of = {module: title for title, modules in TABLES.items() for module in modules.split()}
    for name, module, original in sorted(_imports(), key=lambda row: (row[0].lower(), row[0])):
        own = max((one for one in title_of if f"{module}.".startswith(f"civicportal.{one}.")), key=len)
        rows[title_of[own]].append(f"| `{name}` | {_sentence(name, module, original)} |")
    tables = [
        f"### {title}\n\n| name | what it is |\n|---|---|\n" + "\n".join(rows[title]) for title in TABLES
    ]
    return "\n\n".join(tables) + "\n"


def _imports() -> Iterator[tuple[str, str, str]]:
    """Yield (name, module it comes from, its name there) of everything that the API exports."""
    import civicportal.api

    for node in ast.parse(inspect.getsource(civicportal.api)).body:
        if isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, str(node.module), alias.name) for alias in node.names)


def _sentence(name: str, module: str, original: str) -> str:
    import civicportal.api

    value = getattr(civicportal.api, name)
    is_ours = str(getattr(value, "__module__", value)).startswith("civicportal")
    if inspect.ismodule(value) or (is_ours and (inspect.isclass(value) or inspect.isfunction(value))):
        words = inspect.getdoc(value) or ""
    else:
        words = _words_beside(import_module(module), original)
    first = re.split(r"(?<=[.;:])\s", " ".join(words.partition("\n\n")[0].split()))[0].rstrip(".;:")
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", first).replace("``", "`").replace("|", "\\|")


def _words_beside(module: Any, name: str) -> str:
    """Return what stands about a constant: the text below it, or the ``#:`` lines above it."""
    source = inspect.getsource(module)
    body, lines = ast.parse(source).body, source.splitlines()
    for place, node in enumerate(body):
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return _words_beside(import_module(str(node.module)), name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not any(isinstance(target, ast.Name) and target.id == name for target in targets):
            continue
        after = body[place + 1] if place + 1 < len(body) else None
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return str(after.value.value)
        above = []
        for line in reversed(lines[: node.lineno - 1]):
            if not line.startswith("#:"):
                break
            above.insert(0, line.removeprefix("#:").strip())
        return " ".join(above)
    return ""
