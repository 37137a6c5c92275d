"""The public API as text, read from the source.

``python tests/api_surface.py`` rewrites it after an intended change, and the tables of ``docs/plugins/api``.
"""

import ast
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

SURFACE = Path(__file__).with_name("api.txt")
PROPERTIES = {"property", "cached_property", "reify"}
#: Types of parameters for the core's own use, and type variables.
OWN = frozenset(
    [
        "CaseSelection",
        "Encoding",
        "FiltersT",
        "Find",
        "Gate",
        "GuardedStorage",
        "IFileStorage",
        "Kind",
        "LocalDates",
        "LocalStorage",
        "OpenCase",
        "Options",
        "OtpChallenge",
        "Person",
        "Problem",
        "Requester",
        "Row",
        "S3Storage",
        "Scalar",
        "ServiceT",
        "Summed",
        "T",
        "Title",
        "Value",
    ]
)
#: Types of what a plugin is given and only reads: type checkers know their attributes without an import.
RESULTS = frozenset(
    [
        "BatchProgress",
        "BoundField",
        "Button",
        "CaseSummary",
        "Chip",
        "AskedQuestion",
        "Branding",
        "ExportDefinition",
        "FieldError",
        "StatisticsTable",
        "Follower",
        "GivenAnswer",
        "Grant",
        "LinkedCase",
        "MapFeature",
        "NamedRecord",
        "Membership",
        "NotificationPreferences",
        "OutboxMessage",
        "Page",
        "PersonalDatum",
        "Preview",
        "ProcessedImage",
        "PublicEvent",
        "PublicText",
        "QuestionFields",
        "Rating",
        "RatingSummary",
        "ReadyText",
        "ReadyTextOption",
        "Sort",
        "RatingWindow",
        "Step",
        "Total",
        "Tree",
        "Verdict",
        "YearMonthDay",
        "YearlyHolidays",
    ]
)
#: Literals, protocols and signatures of functions: a plugin passes a text or a function.
ALIASES = frozenset(
    [
        "Actor",
        "AnswerValue",
        "Bindings",
        "CalendarKind",
        "Clock",
        "DatasetColumn",  # as OpenDataset.Column
        "DateStyle",
        "Delivery",  # the row of a queue
        "ExportSource",
        "Expression",
        "FormValues",
        "Guard",
        "JobLane",
        "Lane",
        "LinkKind",  # as CaseKind.Link
        "NavigationArea",
        "NavigationSection",
        "OpenByCall",
        "PanelArea",
        "Phones",
        "Place",
        "Progress",
        "Realm",
        "Record",
        "Scope",
        "Stage",
        "TakeFiles",
        "WidgetArea",
    ]
)
#: Types in signatures that plugins need not name.
INTERNAL = OWN | RESULTS | ALIASES


def topics() -> dict[str, ModuleType]:
    """Return the topics of the API by name."""
    import civicportal.api

    names = sorted(module.name for module in pkgutil.iter_modules(civicportal.api.__path__))
    return {name: import_module(f"civicportal.api.{name}") for name in names}


def exported() -> dict[str, dict[str, Any]]:
    """Return the names of each topic with their values."""
    return {
        topic: {name: getattr(module, name) for name in module.__all__} for topic, module in topics().items()
    }


def surface() -> str:
    """Return all names of API, testing kit and hooks with signatures."""
    import civicportal.testing
    from civicportal import hookspecs

    hooks = {name: value for name, value in vars(hookspecs).items() if hasattr(value, "civicportal_spec")}
    kit = {name: getattr(civicportal.testing, name) for name in civicportal.testing.__all__}
    parts = {f"civicportal.api.{topic}": names for topic, names in exported().items()}
    parts |= {"hooks": hooks, "civicportal.testing": kit}
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
            found = {**_attributes(statement), **found, **_member(statement)}
    return set(found.values())


def _member(statement: ast.stmt) -> dict[str, str]:
    match statement:
        case ast.FunctionDef(name=name) if not name.startswith("_") or name == "__init__":
            kinds = {ast.unparse(mark).rpartition(".")[2] for mark in statement.decorator_list}
            if kinds & PROPERTIES:
                return {name: f"@property {name}{_returns(statement)}"}
            mark = next((f"@{kind} " for kind in ("classmethod", "staticmethod") if kind in kinds), "")
            return {name: mark + _signature(statement, name)}
        case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
            has_default = " = …" if statement.value is not None else ""
            return {name: f"{name}: {ast.unparse(statement.annotation)}{has_default}"}
        case ast.Assign(targets=[ast.Name(id=name)]) if not name.startswith("_"):
            return {name: f"{name} = …"}
    return {}


def _attributes(statement: ast.stmt) -> dict[str, str]:
    """Return the public attributes that a constructor sets, with the types of the parameters they are set to."""
    if not isinstance(statement, ast.FunctionDef) or statement.name != "__init__":
        return {}
    types = {one.arg: one.annotation for one in (*statement.args.args, *statement.args.kwonlyargs)}
    found: dict[str, str] = {}
    for node in ast.walk(statement):
        match node:
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name)):
                found[name] = f"{name}: {ast.unparse(node.annotation)}"
            case ast.Assign():
                for target, value in _assigned(node):
                    annotation = types.get(value.id) if isinstance(value, ast.Name) else None
                    name = target.attr
                    found[name] = f"{name}: {ast.unparse(annotation)}" if annotation else name
    return {name: line for name, line in found.items() if not name.startswith("_")}


def _assigned(node: ast.Assign) -> Iterator[tuple[ast.Attribute, ast.expr]]:
    """Yield each attribute of ``self`` with its value."""
    for target in node.targets:
        pairs: Iterator[tuple[ast.expr, ast.expr]] = (
            zip(target.elts, node.value.elts, strict=True)
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            else iter(
                [(one, node.value) for one in (target.elts if isinstance(target, ast.Tuple) else [target])]
            )
        )
        for one, value in pairs:
            if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "self":
                yield one, value


def unimportable() -> dict[str, set[str]]:
    """Return types in signatures that plugins cannot import."""
    from civicportal import hookspecs

    named = {name: value for names in exported().values() for name, value in names.items()}
    hooks = {name: value for name, value in vars(hookspecs).items() if hasattr(value, "civicportal_spec")}
    found: dict[str, set[str]] = {}
    for place, value in {**named, **hooks}.items():
        for module, annotation in _annotations(value):
            for name in _names(annotation):
                source = _sources(module).get(name, "")
                if source.startswith("civicportal") and name not in named:
                    found.setdefault(name, set()).add(place)
    return found


def _annotations(value: Any) -> Iterator[tuple[str, ast.expr]]:
    """Yield all annotations of a function, or of the public members of a class, with their module."""
    if not str(getattr(value, "__module__", "")).startswith("civicportal"):
        return
    if inspect.isfunction(value):
        yield from ((value.__module__, one) for one in _annotated(_node(value)))
    elif inspect.isclass(value):
        for one in value.__mro__:
            node = _node(one) if one.__module__.startswith("civicportal") else None
            for statement in node.body if isinstance(node, ast.ClassDef) else ():
                if _member(statement):
                    yield from ((one.__module__, annotation) for annotation in _annotated(statement))


def _annotated(node: ast.stmt) -> Iterator[ast.expr]:
    if isinstance(node, ast.AnnAssign):
        yield node.annotation
    if isinstance(node, ast.FunctionDef):
        given = node.args
        every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
        yield from (one.annotation for one in every if one is not None and one.annotation is not None)
        if node.returns is not None:
            yield node.returns


def _names(annotation: ast.expr) -> Iterator[str]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not node.value.isidentifier():
            yield from _names(ast.parse(node.value, mode="eval").body)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


@cache
def _sources(module: str) -> dict[str, str]:
    """Return the module that each name of a module comes from."""
    tree = ast.parse(inspect.getsource(import_module(module)))
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: str(node.module) for alias in node.names}
    for statement in tree.body:
        match statement:
            case ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = module
            case ast.Assign(targets=[ast.Name(id=name)]):
                found[name] = module
    return found


def _signature(node: ast.FunctionDef, name: str) -> str:
    return f"{name}({ast.unparse(node.args)}){_returns(node)}"


def _returns(node: ast.FunctionDef) -> str:
    return f" -> {ast.unparse(node.returns)}" if node.returns else ""


if __name__ == "__main__":
    from api_page import pages

    SURFACE.write_text(surface(), encoding="utf-8")
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
