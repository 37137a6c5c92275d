"""What templates call is called as Jinja does it, only with less ado."""

from typing import Any

import pytest
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from civicportal.web.context import QuickContext


@pass_context
def turn(context: Context) -> Any:
    return context["n"]


class Turn:
    """Something callable that wants the context."""

    @pass_context
    def __call__(self, context: Context) -> Any:
        return context["n"]


def told(*values: Any, **named: Any) -> str:
    return f"{values}{named}"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m('<') }}", "<b>&lt;</b>"),
        (
            "{% macro m() %}<i>{{ caller(1) }}</i>{% endmacro %}{% call(x) m() %}{{ x }}<{% endcall %}",
            "<i>1<</i>",
        ),
        ("{% for i in [1, 2] %}{% set n = i %}{{ turn() }}{{ other() }}{% endfor %}", "1122"),
        ("{% block b %}{% set n = 3 %}{{ turn() }}{% endblock %}", "3"),
        ("{% for n in [1] %}{{ told(n, a=n)|safe }}{% endfor %}", "(1,){'a': 1}"),
        ("{{ 'ab'.upper() }}{{ missing is defined }}", "ABFalse"),
    ],
)
def test_templates_are_drawn_as_by_jinja(template: str, text: str) -> None:
    names = {"turn": turn, "other": Turn(), "told": told}
    environment = Environment(autoescape=True)
    assert environment.from_string(template).render(names) == text
    quick = Environment(autoescape=True)
    quick.context_class = QuickContext
    assert quick.from_string(template).render(names) == text
