"""Use of a store in a child process before forking.

The threads of a bucket client do not survive a fork, so the parent must not create one.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["in_child"]

Value = TypeVar("Value")


def in_child(function: Callable[[], Value]) -> Value:
    """Run a function in a child process, and return its result or raise its exception.

    The process must have no other threads; the function may use no connection that this process has opened.

    :raises RuntimeError: when the child dies.
    """
    context = get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_send_outcome, args=(function, sending))
    child.start()
    sending.close()
    try:
        value, error = receiving.recv()
    except EOFError:
        raise RuntimeError("the process that looked at the store died") from None
    finally:
        child.join()
        receiving.close()
    if error is not None:
        raise error
    result: Value = value
    return result


def _send_outcome(
    function: Callable[[], Value], sending: Connection[tuple[Value | None, Exception | None], object]
) -> None:
    try:
        outcome = function(), None
    except Exception as error:
        sending.send((None, error))
    else:
        sending.send(outcome)
