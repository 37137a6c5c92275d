"""Measures of a case for statistics.

``docs/metrics.md`` defines each number.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm.attributes import set_committed_value

from civicportal.core.db import NEVER
from civicportal.domain.cases.counters import CountKey, Values, add_to_counters
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.util.calendar import CityCalendar

if TYPE_CHECKING:
    from civicportal.core.work import Work

SATISFIED = 4
"""Minimum stars of a satisfied citizen."""


def count(work: "Work", case: Case, sign: int = 1) -> None:
    """Add a case to the counters, or subtract it."""
    day = work.site.calendar.today(case.created_at)
    where = (case.category_id or 0, case.unit_id or 0)
    values = tuple(sign * value for value in _values(case))
    add_to_counters(work, CountKey(case.kind, day, case.stage, case.status, *where), values)
    counter_table = kind_of(work.site, case.kind).counter_table
    if counter_table:
        for place in counter_table.places(case, work):
            work.counters.add(counter_table.summed, place, (sign,))


@contextmanager
def recounting(work: "Work", case: Case) -> Iterator[None]:
    """Update the counters after the block, which changes the case."""
    count(work, case, -1)
    yield
    count(work, case)


def note_move(case: Case, *, was_open: bool, now: datetime, calendar: CityCalendar) -> None:
    """Update the measures after a change of status.

    A case that stays closed keeps them.
    """
    if case.is_open:
        case.handling_minutes = None
        case.reopenings += not was_open
    elif was_open:
        case.handling_minutes = round(
            calendar.working_time_between(case.created_at, now).total_seconds() / 60
        )
        # A new closing has no ratings yet.
        case.rated = case.satisfied = 0


def note_rating(work: "Work", case: Case, *, before: int | None, stars: int) -> None:
    """Count a rating of the last closing.

    The row's version is unchanged: a rating does not outdate forms that others have open.

    :param before: the person's previous stars.
    """
    rated = case.rated + (before is None)
    satisfied = case.satisfied + (stars >= SATISFIED) - (before is not None and before >= SATISFIED)
    with recounting(work, case):
        work.session.execute(
            update(Case)
            .where(Case.id == case.id)
            .values(rated=rated, satisfied=satisfied)
            .execution_options(synchronize_session=False)
        )
        set_committed_value(case, "rated", rated)
        set_committed_value(case, "satisfied", satisfied)


def _values(case: Case) -> Values:
    closed = case.closed_at if case.deadline < NEVER else None
    on_time = closed is not None and closed <= case.deadline
    late = closed is not None and not on_time
    said = (case.rated > 0, 2 * case.satisfied > case.rated)
    return (1, *map(int, (on_time, late, case.reopenings > 0, *said)), case.hops)
