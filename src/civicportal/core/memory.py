"""What a process remembers of a site from one request to the next."""

from typing import Any, TypeVar

Thing = TypeVar("Thing")


class SiteMemory:
    """One thing of each class that has something to remember: ``site.memory.of(Troubles)``. Threads share them.

    A global of a module would be that of every site of the process, and would go from one test to the next.
    """

    def __init__(self) -> None:
        self._things: dict[type[Any], Any] = {}

    def of(self, kind: type[Thing]) -> Thing:
        """Return the thing of a class, which is made without arguments when it is asked for first."""
        thing: Thing | None = self._things.get(kind)
        # Of two threads that come here at once, both get what the first has made.
        return self._things.setdefault(kind, kind()) if thing is None else thing

    def forget(self) -> None:
        """Forget everything."""
        self._things.clear()
