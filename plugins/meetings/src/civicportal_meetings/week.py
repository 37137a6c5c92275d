"""The desk's week as a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from translationstring import TranslationString

from civicportal.api.localization import CityCalendar

SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class DiaryEntry:
    """An entry of the mayor's diary.

    :ivar tone: "" for confirmed, "p" for not confirmed by the citizen, "x" for a blocked time, "new" for an
    unsaved one in a form.
    :ivar asks: the citizen asks for another time.
    """

    start: datetime
    end: datetime
    title: TranslationString | str
    url: str
    detail: str = ""
    tone: str = ""
    asks: bool = False


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day of the week, with its entries in order.

    :ivar working: False on a day off.
    """

    day: date
    working: bool
    entries: Sequence[DiaryEntry] = ()


@dataclass(kw_only=True)
class Block:
    """Entries that share table rows."""

    top: int
    bottom: int
    entries: list[DiaryEntry] = field(default_factory=list)

    @property
    def span(self) -> int:
        """Return its number of rows."""
        return self.bottom - self.top


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table: for each day a block that begins here, "" for nothing, None inside a block."""

    clock: time
    cells: Sequence[Block | str | None]


def week_of(day: date, calendar: CityCalendar) -> date:
    """Return the first day of a date's week: Saturday in the Jalali calendar, else Monday."""
    first = SATURDAY if calendar.kind == "jalali" else 0
    return day - timedelta(days=(day.weekday() - first) % 7)


def table(
    days: Sequence[Day], hours: tuple[time, time], step: timedelta, calendar: CityCalendar
) -> list[Row]:
    """Lay out days side by side.

    :param hours: minimum range; entries outside extend the table.
    """
    first, last = _bounds(days, hours, calendar)
    count = -(-(last - first) // step)
    blocks = [_blocks(day, first, step, calendar) for day in days]
    return [
        Row(
            clock=(datetime.combine(date.min, time.min) + first + number * step).time(),
            cells=[_cell(column, number) for column in blocks],
        )
        for number in range(count)
    ]


def _bounds(
    days: Iterable[Day], hours: tuple[time, time], calendar: CityCalendar
) -> tuple[timedelta, timedelta]:
    entries = [entry for day in days for entry in day.entries]
    starts = [_since_midnight(calendar.local(entry.start).time()) for entry in entries]
    ends = [_since_midnight(calendar.local(entry.end).time()) for entry in entries]
    first, last = (_since_midnight(clock) for clock in hours)
    hour = timedelta(hours=1)
    return min([first, *starts]) // hour * hour, max([last, *ends])


def _blocks(day: Day, first: timedelta, step: timedelta, calendar: CityCalendar) -> list[Block]:
    found: list[Block] = []
    for entry in day.entries:
        top = (_since_midnight(calendar.local(entry.start).time()) - first) // step
        bottom = -(-(_since_midnight(calendar.local(entry.end).time()) - first) // step)
        if found and top < found[-1].bottom:
            found[-1].bottom = max(bottom, found[-1].bottom)
        else:
            found.append(Block(top=top, bottom=max(bottom, top + 1)))
        found[-1].entries.append(entry)
    return found


def _cell(blocks: Iterable[Block], number: int) -> Block | str | None:
    for block in blocks:
        if block.top == number:
            return block
        if block.top < number < block.bottom:
            return None
    return ""


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute)
