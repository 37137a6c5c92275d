"""Limit of threads inside one plugin's hooks."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

TURN_SECONDS = 1.0
"""How long a page waits for its turn; not at all for a plugin that hangs already."""


class PluginBusy(TimeoutError):
    """The maximum number of threads is inside the plugin."""


class PluginTurns:
    """Count the threads inside each plugin.

    :ivar most: maximum number of threads inside one plugin.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._inside = Counter[str]()
        self._hanging: set[str] = set()
        self._changed = threading.Condition()
        self._own = threading.local()

    @contextmanager
    def of(self, plugin: str) -> Iterator[None]:
        """Wait for a turn inside a plugin.

        A thread that is already inside continues at once.

        :raises PluginBusy: when there was none within :data:`TURN_SECONDS`.
        """
        held: set[str] = self._own.__dict__.setdefault("held", set())
        if plugin in held:
            yield
            return
        self._enter(plugin)
        held.add(plugin)
        try:
            yield
        finally:
            held.discard(plugin)
            self._leave(plugin)

    def _enter(self, plugin: str) -> None:
        with self._changed:
            patience = 0 if plugin in self._hanging else TURN_SECONDS
            if not self._changed.wait_for(lambda: self._inside[plugin] < self.most, patience):
                self._hanging.add(plugin)
                raise PluginBusy(f"{self._inside[plugin]} calls of the plugin {plugin} have not returned")
            self._inside[plugin] += 1

    def _leave(self, plugin: str) -> None:
        with self._changed:
            self._inside[plugin] -= 1
            self._hanging.discard(plugin)
            self._changed.notify_all()


TURNS = PluginTurns(4)
"""The instance of this process. The server sets it to half of its threads."""
