"""The unit of work that the widgets and panels of a page share."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from civicportal.core.work import Work


class DisplayWorks:
    """A read-only unit of work, opened on first use and replaced after a failure.

    :ivar current: None before the first use and after a failure.
    :param open_work: opens one.
    """

    def __init__(self, open_work: Callable[[], AbstractContextManager[Work]]) -> None:
        self.current: Work | None = None
        self._open_work = open_work
        self._opened = ExitStack()

    def take(self) -> Work:
        """Return the current unit of work, or a new one."""
        if self.current is None:
            self.current = self._opened.enter_context(self._open_work())
        return self.current

    def discard(self) -> None:
        """Undo what was changed in the current unit of work, and use another from now on."""
        failed, self.current = self.current, None
        if failed is not None:
            # Not closed before the end: what other items have read of it stays readable.
            failed.session.rollback()

    def close(self) -> None:
        """Close all that were opened."""
        self._opened.close()
