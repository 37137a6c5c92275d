"""Compiled templates, kept for the next application of a process, and for the next process."""

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment
from jinja2.bccache import Bucket

from civicportal.web.compiled import CompiledTemplates


def read_anew(
    cache: CompiledTemplates, text: str = "Hello", *, compiles: bool = True, **options: bool
) -> Bucket:
    """Return what another application gets for a template that one has compiled."""
    environment = Environment(
        loader=DictLoader({"page": text}), bytecode_cache=cache, autoescape=True, **options
    )
    if compiles:
        environment.get_template("page")
    return cache.get_bucket(environment, "page", None, text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of compiled templates of a machine that writes them."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def test_another_application_gets_what_was_compiled() -> None:
    assert read_anew(CompiledTemplates(None)).code


def test_a_server_assembles_no_other_and_keeps_nothing() -> None:
    cache = CompiledTemplates(None)
    read_anew(cache)
    cache.keep_nothing()
    assert not read_anew(cache).code


def test_another_process_gets_what_was_compiled(folder: Path) -> None:
    read_anew(CompiledTemplates(folder))
    assert read_anew(CompiledTemplates(folder), compiles=False).code
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(("text", "options"), [("Good day", {}), ("Hello", {"trim_blocks": True})])
def test_what_was_compiled_from_another_text_or_otherwise_is_not_taken(
    folder: Path, text: str, options: dict[str, bool]
) -> None:
    read_anew(CompiledTemplates(folder))
    assert not read_anew(CompiledTemplates(folder), text, compiles=False, **options).code


def test_a_changed_text_replaces_the_file(folder: Path) -> None:
    read_anew(CompiledTemplates(folder))
    read_anew(CompiledTemplates(folder), "Good day")
    assert len(list(folder.iterdir())) == 1


def test_a_damaged_file_is_compiled_again(folder: Path) -> None:
    read_anew(CompiledTemplates(folder))
    [file] = folder.iterdir()
    file.write_bytes(file.read_bytes()[:60])
    assert not read_anew(CompiledTemplates(folder), compiles=False).code
    assert read_anew(CompiledTemplates(folder)).code


def test_nothing_is_written_where_python_writes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_anew(CompiledTemplates(folder / "missing")).code
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert read_anew(CompiledTemplates(folder)).code
    assert list(folder.iterdir()) == []
