"""Snippets of the docs are valid: Python, TOML, commands."""

import ast
import builtins
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click
import colander
import pytest
from api_surface import exported

from civicportal import hookspecs
from civicportal.cli.backup import MakesByDefault
from civicportal.core.installed import COMMANDS
from civicportal.core.plugins import in_order
from civicportal.core.settings import SiteSettings
from civicportal.util.toml_types import FreeTable
from docs.tools.commands_page import below, walk
from docs.tools.reference import whole_site

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/*/README.md")])
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Programs that come with the portal, its tools, or every machine.
PROGRAMS = {"cd", "civicportal", "curl", "export", "install", "make", "pip", "pybabel", "pytest", "python"}
PROGRAMS |= {"age-keygen", "apt-get", "chown", "cp", "createdb", "ln", "mkdir", "mv", "nginx"}
PROGRAMS |= {"pg_createcluster", "pg_ctlcluster"}
PROGRAMS |= {"psql", "python3", "rm", "sudo", "systemctl", "touch", "unzip", "useradd"}
INLINE = re.compile(r"`civicportal ([^`…]+)`")
ASSIGNMENT = re.compile(r"[A-Z_]+=")
#: Names of the examples of hooks that every plugin has for itself.
OWN = re.compile(
    r"[A-Z]\w*(?:Base|Service|Source|Search)|[A-Z]+|Permit|Gadget|Settings|Filters|DeskFilters|Riverland|Path"
)


def blocks(*languages: str) -> list[pytest.param]:
    return [
        pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        for number, (language, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
        if language in languages
    ]


@pytest.fixture(scope="module")
def commands() -> dict[str, click.Command]:
    with whole_site() as site:
        found = list(walk(site))
    group = click.Group()
    for entry in entry_points(group=COMMANDS):
        group.add_command(entry.load(), entry.name)
    found += below(click.Context(group, info_name="civicportal"), group)
    return {context.command_path.partition(" ")[2]: command for context, command in found}


@pytest.fixture(scope="module")
def schemas() -> dict[str, colander.Schema]:
    core = {node.name: node for node in SiteSettings() if not isinstance(node, FreeTable)}
    with whole_site() as site:
        return core | {
            f"plugins.{name}": schema() for name, schema in in_order(site.hooks, "register_settings")
        }


@pytest.mark.parametrize("text", blocks("python"))
def test_python_compiles(text: str) -> None:
    compile(text, "docs", "exec")


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_is_read(text: str) -> None:
    assert tomllib.loads(text)


@pytest.mark.parametrize("text", blocks("toml"))
def test_keys_of_the_sites_file_exist(text: str, schemas: dict[str, colander.Schema]) -> None:
    found = tomllib.loads(text)
    tables = {**found, **{f"plugins.{name}": table for name, table in found.get("plugins", {}).items()}}
    for name, schema in schemas.items():
        if name in tables and isinstance(tables[name], dict):
            assert set(tables[name]) <= {node.name for node in schema}


@pytest.mark.parametrize("text", blocks("", "sh"))
def test_commands_exist(text: str, commands: dict[str, click.Command]) -> None:
    for line in text.splitlines():
        words = [word for word in shlex.split(line, comments=True) if not ASSIGNMENT.match(word)]
        # A picture or a file that is shown is no command.
        if words and re.fullmatch(r"[\w./-]+", words[0]) and text.isascii():
            assert problem(words, commands) == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_are_named_exist(page: Path, commands: dict[str, click.Command]) -> None:
    for found in INLINE.findall(page.read_text(encoding="utf-8")):
        for name in alternatives(found):
            assert unknown_command(shlex.split(name), commands) == "", found


def problem(words: list[str], commands: dict[str, click.Command]) -> str:
    """Say what is wrong with a command line; nothing if all is well."""
    program = Path(words[0]).name
    if program not in PROGRAMS:
        return f"{program} is no program that the docs use"
    if program == "civicportal":
        return unknown_command(words[1:], commands)
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return "" if words[1] in targets else f"make knows no {words[1]}"
    if words[1:2] == ["-m"] and words[2] not in ("venv", "pytest"):
        return "" if is_module(words[2]) else f"there is no module {words[2]}"
    return ""


def unknown_command(words: list[str], commands: dict[str, click.Command]) -> str:
    """Say what is unknown of the words behind ``civicportal``."""
    if words[:1] == ["--site"]:
        words = words[2:]
    if not words or words[0].startswith("-"):
        return ""
    path = " ".join(words[:2]) if " ".join(words[:2]) in commands else words[0]
    command = commands.get(path)
    if isinstance(command, MakesByDefault) and len(words) > 1:
        command = command.commands[command.default]
    if command is None or (isinstance(command, click.Group) and len(words) > 1 and words[1].islower()):
        return f"there is no command {' '.join(words[:2])}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"{path} knows no {unknown[0]}" if unknown else ""


def alternatives(named: str) -> Iterator[str]:
    """Yield the commands that one text names: ``plugin list · enable`` and ``backup | restore`` are two each."""
    first, *others = re.split(r" [·|] ", named)
    yield first
    for other in others:
        yield f"{first.partition(' ')[0]} {other}" if " " in first else other


def is_module(name: str) -> bool:
    path = Path(*name.split("."))
    places = [ROOT, ROOT / "tests", *ROOT.glob("examples/*"), ROOT / "src"]
    return any((place / path).is_dir() or (place / path).with_suffix(".py").is_file() for place in places)


# -- hooks ------------------------------------------------------------------------------------------------

SECTIONS = re.findall(
    r"^### `(\w+)\([^)\n]*\)`$(.*?)(?=^##|\Z)", (ROOT / "docs/hooks.md").read_text(), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("name", "section"), SECTIONS)
def test_every_hook_has_an_example_that_fits(name: str, section: str) -> None:
    trees = [ast.parse(text) for language, text in BLOCK.findall(section) if language == "python"]
    found = [
        node
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and "hookimpl" in ast.dump(ast.Module(node.decorator_list, []))
    ]
    assert [node.name for node in found] == [name]
    taken = {argument.arg for argument in found[0].args.args}
    assert taken <= set(inspect.signature(getattr(hookspecs, name)).parameters)


@pytest.mark.parametrize(
    "text",
    [text for language, text in BLOCK.findall((ROOT / "docs/hooks.md").read_text()) if language == "python"],
)
def test_examples_use_the_api_as_it_is(text: str) -> None:
    api = {name: value for names in exported().values() for name, value in names.items()}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id[0].isupper() and not OWN.fullmatch(node.id):
            assert node.id in api or hasattr(builtins, node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in api:
            called = api[node.func.id]
            given = {keyword.arg for keyword in node.keywords}
            if inspect.isclass(called) and given:
                assert given <= set(inspect.signature(called).parameters)
