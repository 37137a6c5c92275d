"""Tracing of hooks: with ``CIVICPORTAL_TRACE_HOOKS=1`` each call is logged."""

import logging
import os
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pluggy

SWITCH = "CIVICPORTAL_TRACE_HOOKS"
log = logging.getLogger(__name__)


def is_traced() -> bool:
    """Return whether the environment enables it."""
    return os.environ.get(SWITCH, "") not in ("", "0")


def trace_hooks(manager: "pluggy.PluginManager") -> None:
    """Log the calls of every implementation, if the environment enables it.

    Names and milliseconds only: arguments may be personal data.
    """
    if not is_traced():
        return
    for plugin in manager.get_plugins():
        for caller in manager.get_hookcallers(plugin) or ():
            for implementation in caller.get_hookimpls():
                if implementation.plugin is plugin:
                    traced = _traced(implementation.function, caller.name, implementation.plugin_name)
                    implementation.function = traced  # type: ignore[misc]  # final, but pluggy reads it at each call


def _traced(function: Callable[..., Any], hook: str, plugin: str) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: object, **named: object) -> Any:
        begun, outcome = perf_counter(), "failed"
        try:
            result = function(*arguments, **named)
            outcome = "returned"
            return result
        finally:
            log.info("%s of %s %s after %.1f ms", hook, plugin, outcome, 1000 * (perf_counter() - begun))

    return call
