"""Every hook is documented with its exact signature, has an implementation, and a test of its own name."""

import inspect
import re
from pathlib import Path

import pytest

from civicportal import hookspecs

ROOT = Path(__file__).parents[1]
HOOKS = {
    name: function for name, function in vars(hookspecs).items() if hasattr(function, "civicportal_spec")
}


def _sources(*patterns: str) -> str:
    return "\n".join(path.read_text() for pattern in patterns for path in ROOT.glob(pattern))


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_signature(name: str) -> None:
    headings = re.findall(r"^### `(.+)`$", (ROOT / "docs/hooks.md").read_text(), re.MULTILINE)
    parameters = ", ".join(inspect.signature(HOOKS[name]).parameters)
    assert f"{name}({parameters})" in headings


def test_no_hook_is_documented_that_does_not_exist() -> None:
    headings = re.findall(r"^### `(\w+)\(", (ROOT / "docs/hooks.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_implemented(name: str) -> None:
    sources = _sources(
        "src/civicportal/portal/plugin.py", "plugins/*/src/*/plugin.py", "examples/*/src/*/plugin.py"
    )
    assert f"def {name}(" in sources or f'specname="{name}"' in sources


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_test(name: str) -> None:
    assert f"def test_hook_{name}" in _sources("tests/**/test_*.py", "plugins/*/tests/**/test_*.py")


def test_the_specification_stays_small() -> None:
    assert len(inspect.getsource(hookspecs).splitlines()) < 300
