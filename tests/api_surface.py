"""What plugins are written against, as text: read from the source, so that every version of Python says the same.

``python tests/api_surface.py`` writes it anew after a change that is meant, and the tables of ``docs/plugins/api.md``.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SURFACE = Path(__file__).with_name("api.txt")


def surface() -> str:
    """Return every name of API and testing kit with its signature, classes with their public methods and fields; the hooks."""
    import civicportal.api
    import civicportal.testing
    from civicportal import hookspecs

    hooks = {name: value for name, value in vars(hookspecs).items() if hasattr(value, "civicportal_spec")}
    exported = {name: value for name, value in vars(civicportal.api).items() if not name.startswith("__")}
    kit = {name: getattr(civicportal.testing, name) for name in civicportal.testing.__all__}
    parts = {"civicportal.api": exported, "hooks": hooks, "civicportal.testing": kit}
    return "\n".join(line for title, names in parts.items() for line in _part(title, names))


def _part(title: str, names: dict[str, Any]) -> Iterator[str]:
    yield f"# {title}"
    for name, value in sorted(names.items()):
        if not inspect.ismodule(value):
            yield from described(name, value)
    yield ""


def described(name: str, value: Any) -> Iterator[str]:
    module = getattr(value, "__module__", "") or ""
    if not module.startswith("civicportal") or not (inspect.isclass(value) or inspect.isfunction(value)):
        yield name
        return
    node = _node(value)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield from (
            f"@{mark}"
            for mark in map(ast.unparse, node.decorator_list)
            if "deprecated" in mark or "hookspec(" in mark
        )
    if isinstance(node, ast.FunctionDef):
        yield _signature(node, name)
    elif isinstance(node, ast.ClassDef):
        yield f"class {name}({', '.join(ast.unparse(base) for base in node.bases)})"
        yield from (f"    {line}" for line in sorted(_members(value)))
    else:
        yield name


def _node(value: Any) -> ast.stmt:
    return ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]


def _members(cls: type) -> set[str]:
    found: dict[str, str] = {}
    for one in reversed([base for base in cls.__mro__ if base.__module__.startswith("civicportal")]):
        node = _node(one)
        for statement in node.body if isinstance(node, ast.ClassDef) else ():
            found.update(_member(statement))
    return set(found.values())


def _member(statement: ast.stmt) -> dict[str, str]:
    match statement:
        case ast.FunctionDef(name=name) if not name.startswith("_") or name == "__init__":
            kinds = {ast.unparse(mark) for mark in statement.decorator_list}
            mark = next(
                (f"@{kind} " for kind in ("property", "classmethod", "staticmethod") if kind in kinds), ""
            )
            return {name: mark + _signature(statement, name)}
        case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
            has_default = " = …" if statement.value is not None else ""
            return {name: f"{name}: {ast.unparse(statement.annotation)}{has_default}"}
    return {}


def _signature(node: ast.FunctionDef, name: str) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{name}({ast.unparse(node.args)}){returns}"


if __name__ == "__main__":
    from api_page import PAGE, page

    SURFACE.write_text(surface(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
