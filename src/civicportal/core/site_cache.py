"""Caches of a process that belong to a site."""

from typing import Any, TypeVar

Thing = TypeVar("Thing")


class SiteCache:
    """One cache object per class: ``site.cache.of(Troubles)``. Threads share them.

    A module global would be shared by all sites of the process, and by tests.
    """

    def __init__(self) -> None:
        self._things: dict[type[Any], Any] = {}

    def of(self, kind: type[Thing]) -> Thing:
        """Return the object of a class, created without arguments on first use."""
        thing: Thing | None = self._things.get(kind)
        # Of two concurrent threads, both get the object of the first.
        return self._things.setdefault(kind, kind()) if thing is None else thing

    def forget(self) -> None:
        """Clear all caches."""
        self._things.clear()
