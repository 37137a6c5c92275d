"""Generate the page of rules between fields, read from the schemas that check them."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.tools.tables import code, table

ROOT = Path(__file__).parents[2]
PAGE = """\
# Rules between fields

Combinations of values that a form or a table of the site's file refuses. The rules of a single field are shown beside it in the form. Rules
about rows in the database (a number that is taken, a day that is full) belong to the services and are not listed. … stands for a value in
the message.

"""
HEAD = ("form or table", "fields", "rule", "message")


def page() -> str:
    """Return the page."""
    parts = [PAGE.rstrip()]
    plugins = ((f"the plugin {path.name}", path / "src") for path in sorted((ROOT / "plugins").iterdir()))
    for owner, folder in (("the core", ROOT / "src/civicportal"), *plugins):
        rows = [row for path in sorted(folder.rglob("*.py")) for row in _rules(path)]
        if rows:
            parts.append(f"## Of {owner}\n\n{table(HEAD, rows).rstrip()}")
    return "\n\n".join(parts) + "\n"


def _rules(path: Path) -> Iterator[tuple[str, str, str, str]]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        name.id: line.value
        for line in module.body
        if isinstance(line, ast.Assign)
        for name in line.targets
        if isinstance(name, ast.Name)
    }
    for schema in (node for node in module.body if isinstance(node, ast.ClassDef)):
        said = (ast.get_docstring(schema) or "").partition("\n")[0].rstrip(".")
        about = f"{code(schema.name)}: {said}"
        fields = {
            name.id
            for line in schema.body
            if isinstance(line, ast.Assign)
            for name in line.targets
            if isinstance(name, ast.Name)
        }
        for last, first in _periods(schema):
            yield about, _names([first, last]), "The last day is not before the first one.", ""
        for method in (node for node in schema.body if isinstance(node, ast.FunctionDef)):
            if _looks_at_several(method):
                used = dict.fromkeys(
                    text
                    for text in (*_texts(method), *_named_texts(method, constants))
                    if text in fields or text in _looked_up(method)
                )
                if len(used) < 2:
                    continue
                rule = " ".join((ast.get_docstring(method) or "").partition("\n\n")[0].split())
                yield about, _names(used), rule, "<br>".join(_messages(method))


def _periods(schema: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield the fields of a last day with the fields of their first day."""
    for line in schema.body:
        if (
            isinstance(line, ast.Assign)
            and isinstance(line.value, ast.Call)
            and isinstance(line.targets[0], ast.Name)
        ):
            after = {word.arg: word.value for word in line.value.keywords}.get("after")
            if isinstance(after, ast.Constant):
                yield line.targets[0].id, str(after.value)


def _looks_at_several(method: ast.FunctionDef) -> bool:
    """Return whether a method of a class checks the values of a whole schema.

    A method of a type is given a node and one value instead.
    """
    names = [argument.arg for argument in method.args.args]
    whole = method.name == "validator" or (method.name == "deserialize" and names[1:2] == ["cstruct"])
    return whole and ("Invalid" in (source := ast.unparse(method)) or ".missing = " in source)


def _texts(node: ast.AST) -> Iterator[str]:
    yield from (
        one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    )


def _named_texts(method: ast.FunctionDef, constants: dict[str, ast.expr]) -> Iterator[str]:
    """Yield the texts of the module's constants that a method names."""
    for node in ast.walk(method):
        if isinstance(node, ast.Name) and node.id in constants:
            yield from _texts(constants[node.id])


def _looked_up(method: ast.FunctionDef) -> set[str]:
    """Return the fields whose values a method reads, those of a base class too."""
    read = (node for node in ast.walk(method) if isinstance(node, ast.Subscript))
    return {
        str(node.slice.value)
        for node in read
        if isinstance(node.slice, ast.Constant) and ast.unparse(node.value) == "values"
    }


def _messages(method: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(method):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            words = (
                node.args[0]
                if name == "_"
                else node.args[1]
                if name == "colander.Invalid" and len(node.args) > 1
                else None
            )
            if isinstance(words, ast.Constant):
                yield re.sub(r"\$\{\w+\}", "…", str(words.value))


def _names(fields: Iterable[str]) -> str:
    return ", ".join(map(code, fields))
