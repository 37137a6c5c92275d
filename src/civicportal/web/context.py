"""What templates are drawn with: a page calls macros, icons and translations a thousand times and more."""

from functools import partial
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from jinja2 import Environment
from jinja2.runtime import Context, Macro
from pyramid_jinja2 import IJinja2Environment

from civicportal.web.request import Request

PLAIN = frozenset({BuiltinMethodType, FunctionType, MethodType, partial})
"""Types of callables that are called themselves: Jinja need not look for a ``__call__`` that wants its context."""


class QuickContext(Context):
    """A context that calls what most pages call without asking each time what it wants to be told."""

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call something as Jinja does; macros are told how they escape, plain functions get what stands in the template."""
        if type(called) is Macro:
            args = (self.eval_ctx, *args)
        elif type(called) not in PLAIN or hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, **kwargs)
        # Variables of loops and blocks: for functions that want a context.
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return called(*args, **kwargs)


def environment(request: Request) -> Environment:
    """Return what templates are read and drawn with."""
    found: Environment = request.registry.getUtility(IJinja2Environment, name=".jinja2")
    return found
