"""Use of a store in a child process before forking.

The threads of a bucket client do not survive a fork.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import TypeVar, cast

__all__ = ["in_child"]

Value = TypeVar("Value")


def in_child(function: Callable[[], Value]) -> Value:
    """Run a function in a child process.

    Returns its result or raises its exception.

    The process must have no other threads; the function may use no connection that this process has opened.

    :raises RuntimeError: when the child dies.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as out:
                out.write(pickle.dumps(_outcome(function)))
            code = 0
        finally:
            # The child must not clean up resources of the parent.
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        content = answer.read()
    os.waitpid(pid, 0)
    if not content:
        raise RuntimeError("the process that looked at the store died")
    # Unpickling runs code of its input. This input is what our own child wrote into a pipe that no other process has.
    value, error = pickle.loads(content)  # noqa: S301
    if error is not None:
        raise error
    return cast("Value", value)


def _outcome(function: Callable[[], Value]) -> tuple[Value | None, Exception | None]:
    try:
        return function(), None
    except Exception as error:
        return None, error
