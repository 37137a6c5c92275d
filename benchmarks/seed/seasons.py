"""Words of a season: frequent for some weeks, absent in all others."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from civicportal.util.calendar.dates import to_calendar

SNOW, STORM = "برف", "توفان"
STORM_LASTS = timedelta(days=2)
STORM_SHARE = 0.5
"""Of the texts that are sent in the storm."""


@dataclass(frozen=True)
class Season:
    """Days of each year, as (month, day) of the Persian calendar.

    :ivar share: of the texts sent in it that hold its word.
    """

    word: str
    first: tuple[int, int]
    last: tuple[int, int]
    share: float

    def __contains__(self, day: date) -> bool:
        return self.first <= to_calendar("jalali", day)[1:] <= self.last


#: Dey and Bahman, and the rainy weeks of spring and autumn.
SEASONS = (
    Season(SNOW, (10, 1), (11, 30), 0.03),
    Season("یخبندان", (10, 1), (11, 30), 0.02),
    Season("آبگرفتگی", (1, 10), (1, 25), 0.05),
    Season("آبگرفتگی", (8, 10), (8, 25), 0.05),
)


class Seasons:
    """The words of a time.

    :param until: the present; a storm has blown for two days then.
    """

    def __init__(self, until: datetime) -> None:
        self._storm = until - STORM_LASTS
        self._of_day: dict[date, list[Season]] = {}

    def words(self, sent: datetime, rng: Random) -> Iterator[str]:
        """Yield the seasonal words of a text sent at a time."""
        if sent >= self._storm and rng.random() < STORM_SHARE:
            yield STORM
        for season in self._at(sent.date()):
            if rng.random() < season.share:
                yield season.word

    def _at(self, day: date) -> list[Season]:
        if day not in self._of_day:
            self._of_day[day] = [season for season in SEASONS if day in season]
        return self._of_day[day]
