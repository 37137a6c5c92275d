"""Generation of the tables of the API pages."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from api_surface import topics

FOLDER = Path(__file__).parents[1] / "docs/plugins/api"
BEGIN, END = "<!-- written by tests/api_surface.py -->\n", "<!-- end -->\n"


def pages() -> dict[Path, str]:
    """Return the pages as they should be: their tables generated, the rest as it is."""
    found = {FOLDER / "index.md": _index()}
    found |= {FOLDER / f"{topic}.md": _names(topic, module) for topic, module in topics().items()}
    return {path: _written(path, table) for path, table in found.items()}


def _written(path: Path, table: str) -> str:
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    return f"{before}{BEGIN}\n{table}\n\n{END}{rest.partition(END)[2]}"


def _index() -> str:
    rows = [
        f"| [`{topic}`]({topic}.md) | {inspect.getdoc(module)} | {len(module.__all__)} |"
        for topic, module in topics().items()
    ]
    tree = "\n".join(topics())
    return (
        "| topic | what it is for | names |\n|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```"
    )


def _names(topic: str, module: ModuleType) -> str:
    rows = [
        f"| `{name}` | {_sentence(module, name, source, original)} |"
        for name, source, original in sorted(_imports(module), key=lambda row: (row[0].lower(), row[0]))
    ]
    head = f"`civicportal.api.{topic}`: {inspect.getdoc(module)}"
    return f"{head}\n\n| name | what it is |\n|---|---|\n" + "\n".join(rows)


def _imports(topic: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Yield (name, module it comes from, its name there) of everything that a topic exports."""
    for node in ast.parse(inspect.getsource(topic)).body:
        if isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, str(node.module), alias.name) for alias in node.names)


def _sentence(topic: ModuleType, name: str, module: str, original: str) -> str:
    value = getattr(topic, name)
    is_ours = str(getattr(value, "__module__", value)).startswith("civicportal")
    if inspect.ismodule(value) or (is_ours and (inspect.isclass(value) or inspect.isfunction(value))):
        words = inspect.getdoc(value) or ""
    else:
        words = _words_beside(import_module(module), original)
    first = re.split(r"(?<=[.;:])\s", " ".join(words.partition("\n\n")[0].split()))[0].rstrip(".;:")
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", first).replace("``", "`").replace("|", "\\|")


def _words_beside(module: Any, name: str) -> str:
    """Return the documentation of a constant."""
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
