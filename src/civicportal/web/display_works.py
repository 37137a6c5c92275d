"""The unit of work that the widgets and panels of a page share."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from civicportal.core.work import Work, refuse_changes
from civicportal.util.errors import ReadOnlyWork


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
        """Undo what was changed in the current unit of work, and use another from now on.

        Without changes it stays open until the end: what other items have read of it stays readable.
        """
        failed, self.current = self.current, None
        if failed is not None:
            try:
                refuse_changes(failed)
            except ReadOnlyWork:
                failed.session.close()

    def close(self) -> None:
        """Close all that were opened."""
        self._opened.close()
