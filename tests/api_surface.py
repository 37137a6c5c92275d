"""What ``civicportal.api`` promises, as text: read from the source, so that every version of Python says the same.

``python tests/api_surface.py`` writes it anew after a change that is meant.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SURFACE = Path(__file__).with_name("api.txt")


def surface() -> str:
    """Return every name with its signature; classes with their public methods and fields."""
    import civicportal.api

    names = sorted(name for name in vars(civicportal.api) if not name.startswith("__"))
    lines: list[str] = []
    for name in names:
        value = getattr(civicportal.api, name)
        if not inspect.ismodule(value):
            lines += _described(name, value)
    return "\n".join(lines) + "\n"


def _described(name: str, value: Any) -> Iterator[str]:
    module = getattr(value, "__module__", "") or ""
    if not module.startswith("civicportal") or not (inspect.isclass(value) or inspect.isfunction(value)):
        yield name
        return
    node = _node(value)
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
    SURFACE.write_text(surface(), encoding="utf-8")
