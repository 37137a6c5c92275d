"""A faster Jinja context.

A page calls macros, icons and translations more than a thousand times.
"""

from collections.abc import Callable
from functools import partial
from types import BuiltinMethodType, FunctionType, MethodType

from jinja2 import Environment
from jinja2.runtime import Context, Macro
from pyramid_jinja2 import IJinja2Environment

from civicportal.web.request import Request

PLAIN = frozenset({BuiltinMethodType, FunctionType, MethodType, partial})
"""Types of callables without ``__call__``, which Jinja need not inspect for a context argument."""


class QuickContext(Context):
    """A context without Jinja's inspection of common callables."""

    def call(self, called: Callable[..., object], /, *args: object, **kwargs: object) -> object:
        """Call a function like Jinja.

        Macros get the autoescape flag, plain functions their arguments only.
        """
        if type(called) is Macro:
            args = (self.eval_ctx, *args)
        elif type(called) not in PLAIN or hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, **kwargs)
        # Variables of loops and blocks: for functions that take a context.
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return called(*args, **kwargs)


def environment(request: Request) -> Environment:
    """Return the Jinja environment."""
    found: Environment = request.registry.getUtility(IJinja2Environment, name=".jinja2")
    return found
