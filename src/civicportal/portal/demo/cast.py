"""Random choices of the demo data."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

T = TypeVar("T")


class DemoRandom(Random):
    """Reproducible random choices from a seed."""

    def moments(self, count: int, now: datetime, span: timedelta) -> list[datetime]:
        """Return submission times in order: at waking hours, more of them recently."""
        days = span.days
        found = []
        for _number in range(count):
            age = days * self.random() ** 2.2
            day = now - timedelta(days=age)
            local = day.replace(
                hour=self.randint(4, 17), minute=self.randrange(60), second=self.randrange(60)
            )
            found.append(min(local, now - timedelta(minutes=self.randint(5, 240))))
        return sorted(found)

    def weighted_choice(self, shares: dict[T, int]) -> T:
        """Choose one item by its weight."""
        return self.choices(list(shares), weights=list(shares.values()))[0]

    def evenly_distributed(self, items: Sequence[T], count: int) -> list[T]:
        """Return a number of items, each about equally often, in random order."""
        turns: list[T] = []
        while len(turns) < count:
            turns += self.sample(list(items), len(items))
        return turns[:count]
