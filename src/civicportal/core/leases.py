"""Leases: renewal, and stopping a worker without one."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)


class LeaseLost(BaseException):
    """Another worker holds the lease: nothing more may be written under it.

    Not an ``Exception``: a job that continues after the failure of one item must not continue after this.
    """


class LeaseGuard:
    """Guard the units of work opened under a lease.

    :param holds: returns whether the lease is still held, reading and locking it with the given session.
    """

    def __init__(self, holds: Callable[["Session"], bool]) -> None:
        self._holds = holds
        self.lost = threading.Event()

    def check(self, session: "Session") -> None:
        """Refuse to commit after the lease was lost.

        :raises LeaseLost: if it was lost.
        """
        if not self._holds(session):
            self.lost.set()
            raise LeaseLost

    def refuse_lost(self) -> None:
        """Refuse to start work under a lost lease.

        :raises LeaseLost: if it was lost.
        """
        if self.lost.is_set():
            raise LeaseLost


_FENCE: ContextVar[LeaseGuard | None] = ContextVar("fence", default=None)


def current_fence() -> LeaseGuard | None:
    """Return the fence of this thread, if any."""
    return _FENCE.get()


@contextmanager
def behind(fence: LeaseGuard) -> Iterator[None]:
    """Guard this thread's units of work by a fence."""
    token = _FENCE.set(fence)
    try:
        yield
    finally:
        _FENCE.reset(token)


@contextmanager
def renewing(
    renew: Callable[[], bool], seconds: float, lost: threading.Event | None = None
) -> Iterator[None]:
    """Renew a lease in the background until the block ends.

    While the database or the bucket does not answer it retries; a lease that has expired by then is detected
    afterwards.

    :param renew: returns whether the lease was still held.
    :param seconds: interval of the renewals: a sixth of the lease, so that some may fail.
    :param lost: set when the lease is no longer held; renewing then ends.
    """
    done = threading.Event()

    def keep() -> None:
        while not done.wait(seconds):
            try:
                is_held = renew()
            except Exception:
                log.exception("a lease could not be renewed; it is tried again")
                continue
            if not is_held:
                if lost is not None:
                    lost.set()
                return

    thread = threading.Thread(name="lease", target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
