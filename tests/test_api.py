"""The API of plugins changes only where a reviewer sees it, and deprecated names warn."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from api_page import FOLDER, pages
from api_surface import INTERNAL, SURFACE, described, exported, surface, topics, unimportable
from typing_extensions import deprecated

import civicportal.testing
from civicportal import hookspecs
from civicportal.api.plugins import hookimpl
from civicportal.testing import make_site, make_site_file

TESTING = Path(__file__).parents[1] / "docs/plugins/testing.md"


def test_the_api_is_the_one_that_was_agreed_on() -> None:
    """A change that is meant: ``python tests/api_surface.py``, and a line in the changelog."""
    assert surface() == SURFACE.read_text(encoding="utf-8")


def test_the_surface_reports_changes() -> None:
    assert "class Work(" in surface()
    assert "CaseService" in surface()
    assert "\n@hookspec(firstresult=True)\nroute_case(case: 'Case', work: 'Work')" in surface()
    assert "make_unit(work: Work, key: str='waste', **values: object) -> Unit" in surface()


def test_the_surface_lists_every_attribute() -> None:
    lines = set(surface().splitlines())
    assert "    @property by_name -> dict[str, State]" in lines  # a cached property of Workflow
    assert "    public_text = …" in lines  # a field of PublicAnswer, which has no annotation
    assert "    reason: TranslationString" in lines  # set in the constructor of Refused
    assert not [line for line in lines if "@property" in line and "self" in line]


def test_types_in_signatures_can_be_imported() -> None:
    found = unimportable()
    assert {name: places for name, places in found.items() if name not in INTERNAL} == {}
    assert INTERNAL - found.keys() == set(), "no longer needed"


MOST_NAMES = 160
"""Fewer than this are in the API: each is a promise, and something to learn."""


def test_each_name_is_in_one_topic() -> None:
    names = [name for topic in exported().values() for name in topic]
    assert len(names) < MOST_NAMES
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
    imported = {
        topic: {name for name in vars(module) if not name.startswith(("__", "@"))}
        for topic, module in topics().items()
    }
    assert {topic: set(names) for topic, names in exported().items()} == imported


def test_its_page_names_all_of_it_and_says_what_each_is() -> None:
    """Written by the same command."""
    found = pages()
    assert sorted(FOLDER.glob("*.md")) == sorted(found)
    for path, text in found.items():
        assert text == path.read_text(encoding="utf-8"), path.name
        assert re.findall(r"^\| `(\w+)` \|\s*\|$", text, re.MULTILINE) == [], path.name


@pytest.mark.parametrize("topic", topics())
def test_every_name_has_an_example(topic: str) -> None:
    text = (FOLDER / f"{topic}.md").read_text(encoding="utf-8")
    names = {name: value for found in exported().values() for name, value in found.items()}
    used: set[str] = set()
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        tree = ast.parse(block)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = import_module(str(node.module))
                assert [one.name for one in node.names if not hasattr(module, one.name)] == [], node.module
            elif isinstance(node, ast.Name):
                used.add(node.id)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.keywords:
                taken = inspect.signature(names[node.func.id]).parameters if node.func.id in names else {}
                is_open = any(one.kind is one.VAR_KEYWORD for one in taken.values())
                given = {keyword.arg for keyword in node.keywords if keyword.arg}
                assert not taken or is_open or given <= set(taken), node.func.id
    assert set(exported()[topic]) - used == set()


@deprecated("use another; goes with 0.3")
def going(work: int) -> int:
    return work


def test_what_goes_is_marked_where_a_review_sees_it() -> None:
    going.__module__ = "civicportal.going"
    assert list(described("going", going)) == [
        "@deprecated('use another; goes with 0.3')",
        "going(work: int) -> int",
    ]
    with pytest.warns(DeprecationWarning, match="use another"):
        assert going(1) == 1


def test_an_implementation_of_what_goes_is_warned(tmp_path, install, monkeypatch) -> None:
    @hookimpl
    def case_panels(case, request):
        return ()

    install.plugin("gadget", case_panels)
    options = {**hookspecs.case_panels.civicportal_spec}
    options["warn_on_impl_args"] = {"request": DeprecationWarning("use the panel's own request")}
    monkeypatch.setattr(hookspecs.case_panels, "civicportal_spec", options)
    path = make_site_file(tmp_path, site={"plugins": ["gadget"]})
    with pytest.warns(DeprecationWarning, match="the panel's own request"):
        make_site(path)


def headings() -> dict[str, str]:
    """Return the names and signatures on the page of the testing kit."""
    return dict(re.findall(r"^### `(\w+)(.*)`$", TESTING.read_text(encoding="utf-8"), re.MULTILINE))


def parameters(value: Any) -> str:
    """What stands after the name of a function or class in its heading."""
    if not callable(value):
        return ""
    found = inspect.signature(value).parameters.values()
    return f"({', '.join(('**' if one.kind is one.VAR_KEYWORD else '') + one.name for one in found)})"


def test_every_fixture_and_function_of_the_kit_is_documented() -> None:
    plugin = Path(civicportal.testing.__file__).parents[1] / "tools/pytest_plugin.py"
    fixtures = re.findall(r"@pytest\.fixture.*\ndef (\w+)\(", plugin.read_text(encoding="utf-8"))
    assert len(fixtures) > 15
    assert sorted(headings()) == sorted({*fixtures, *civicportal.testing.__all__})
    kit = {name: getattr(civicportal.testing, name) for name in civicportal.testing.__all__}
    assert {name: headings()[name] for name in kit} == {
        name: parameters(value) for name, value in kit.items()
    }
    options = re.findall(r'(?:addini|addoption)\("([\w-]+)"', plugin.read_text(encoding="utf-8"))
    assert [name for name in options if f"| `{name}` |" not in TESTING.read_text(encoding="utf-8")] == []
