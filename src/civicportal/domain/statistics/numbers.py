"""Figures computed from sums over cases; ``docs/metrics.md`` defines every one."""

from collections import Counter
from dataclasses import dataclass, field

from civicportal.domain.cases.counters import MEASURES, Values
from civicportal.domain.cases.workflow import OPEN_STAGES

_REOPENED = MEASURES.index("reopened")


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


@dataclass(kw_only=True)
class Numbers:
    """Sums over cases.

    :ivar by_stage: number of cases by stage.
    :ivar overdue: open cases past their deadline now.
    :ivar hours: number of closed cases by working hours.
    :ivar open_again: open cases that were closed before.
    :ivar citizens: distinct senders; None if not requested.
    """

    by_stage: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    overdue: int = 0
    hours: Counter[int] = field(default_factory=Counter)
    citizens: int | None = None
    open_again: int = 0

    def add(self, stage: str, values: Values) -> None:
        """Add the sums of one stage."""
        self.by_stage[stage] += values[0]
        for name, value in zip(MEASURES, values, strict=True):
            self.sums[name] += value
        if stage in OPEN_STAGES:
            self.open_again += values[_REOPENED]

    @property
    def registered(self) -> int:
        """Return the number of cases."""
        return self.sums["n"]

    @property
    def in_progress(self) -> int:
        """Return the number of open cases."""
        return sum(self.by_stage[stage] for stage in OPEN_STAGES)

    @property
    def reviewed(self) -> int:
        """Return the number of cases closed with action."""
        return self.by_stage["done"]

    @property
    def rejected(self) -> int:
        """Return the number of cases closed without action."""
        return self.by_stage["rejected"]

    @property
    def on_time(self) -> int:
        """Return the number of cases closed within their deadline."""
        return self.sums["on_time"]

    @property
    def late(self) -> int:
        """Return the number of late cases.

        They are closed after their deadline, or open and overdue.
        """
        return self.sums["late"] + self.overdue

    @property
    def on_time_share(self) -> float | None:
        """Return closed on time ÷ (closed + open and overdue), in percent."""
        return _share(self.on_time, self.on_time + self.late)

    @property
    def reopened(self) -> int:
        """Return the number of cases reopened at least once."""
        return self.sums["reopened"]

    @property
    def closed_once(self) -> int:
        """Return the number of cases ever closed."""
        return self.reviewed + self.rejected + self.open_again

    @property
    def reopen_share(self) -> float | None:
        """Return reopened ÷ closed at least once, in percent."""
        return _share(self.reopened, self.closed_once)

    @property
    def rated(self) -> int:
        """Return the number of cases whose last closing was rated."""
        return self.sums["rated"]

    @property
    def satisfied(self) -> int:
        """Return the number of cases of whose ratings more than half have four or five stars."""
        return self.sums["satisfied"]

    @property
    def satisfied_share(self) -> float | None:
        """Return satisfied ÷ rated cases, in percent."""
        return _share(self.satisfied, self.rated)

    @property
    def hops(self) -> int:
        """Return the number of referrals and returns."""
        return self.sums["hops"]

    @property
    def mean_hops(self) -> float | None:
        """Return the average number of referrals and returns."""
        return self.hops / self.registered if self.registered else None

    @property
    def median_hours(self) -> float | None:
        """Return the median handling time in working hours, for an even number the mean of both middle values."""
        number = self.hours.total()
        if not number:
            return None
        return (self._hours_at((number - 1) // 2) + self._hours_at(number // 2)) / 2

    def _hours_at(self, position: int) -> int:
        passed = 0
        for hours in sorted(self.hours):
            passed += self.hours[hours]
            if passed > position:
                return hours
        raise IndexError(position)
