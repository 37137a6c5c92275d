"""Compiled templates, kept for the next application of a process or not."""

from jinja2 import DictLoader, Environment
from jinja2.bccache import Bucket

from civicportal.web.compiled import CompiledTemplates


def read_anew(cache: CompiledTemplates) -> Bucket:
    """Return what another application gets for a template that one has compiled."""
    environment = Environment(loader=DictLoader({"page": "Hello"}), bytecode_cache=cache, autoescape=True)
    environment.get_template("page")
    return cache.get_bucket(environment, "page", None, "Hello")


def test_another_application_gets_what_was_compiled() -> None:
    assert read_anew(CompiledTemplates()).code


def test_a_server_assembles_no_other_and_keeps_nothing() -> None:
    cache = CompiledTemplates()
    read_anew(cache)
    cache.keep_nothing()
    assert not read_anew(cache).code
