"""Generate the page of findings of ``civicportal check``, read from the code that returns them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docs.tools.tables import code, table

ROOT = Path(__file__).parents[2]
SOURCES = (("the core", ROOT / "src/civicportal"),)
PAGE = """\
# Findings of `civicportal check`

`civicportal check` and the job `core.health` report these findings with a remedy; `/admin/plugins` shows those of the job. An **error**
means that the portal does not work correctly; a warning may be intended. … stands for a unit, a category or a number
in the finding.

"""


def page() -> str:
    """Return the page."""
    parts = [PAGE.rstrip()]
    plugins = ((f"the plugin {path.name}", path / "src") for path in sorted((ROOT / "plugins").iterdir()))
    for owner, folder in (*SOURCES, *plugins):
        rows = sorted({row for path in sorted(folder.rglob("*.py")) for row in _findings(path)})
        if rows:
            lines = [(place, said, level, remedy) for place, said, level, remedy in rows]
            parts.append(
                f"## Of {owner}\n\n{table(('about', 'it says', 'level', 'what to do'), lines).rstrip()}"
            )
    return "\n\n".join(parts) + "\n"


def _findings(path: Path) -> Iterator[tuple[str, str, str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        named = _assigned(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
                values = {word.arg: _words(word.value, named) for word in node.keywords if word.arg}
                remedy, level = values.get("remedy", ""), values["level"]
                said = f"**{level}**" if level == "error" else level
                yield code(values["place"]), values["text"], said, _typed(remedy)


def _assigned(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Return the values of local names that are assigned in one line."""
    lines = (node for node in ast.walk(function) if isinstance(node, ast.Assign))
    return {line.targets[0].id: line.value for line in lines if isinstance(line.targets[0], ast.Name)}


def _words(value: ast.expr, named: dict[str, ast.expr]) -> str:
    """Return a text with … for its placeholders."""
    if isinstance(value, ast.Constant):
        return re.sub(r"\$\{\w+\}", "…", str(value.value))
    if isinstance(value, ast.Call) and value.args:
        return _words(value.args[0], named)
    if isinstance(value, ast.IfExp):
        return f"{_words(value.body, named)} or {_words(value.orelse, named)}"
    if isinstance(value, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in value.values)
    if isinstance(value, ast.Name) and value.id in named:
        return _words(named[value.id], named)
    return "…"


def _typed(remedy: str) -> str:
    is_command = remedy.startswith(("civicportal ", "python3 ")) and "," not in remedy
    return code(remedy) if is_command else remedy
