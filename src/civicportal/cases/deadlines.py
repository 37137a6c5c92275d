"""Until when a case should be closed: so much working time from a moment on, by the city's calendar.

Start and working time are kept beside the deadline itself, so that it can be told again when the calendar has changed.
"""

from datetime import datetime, timedelta

from civicportal.calendar import CityCalendar
from civicportal.cases.models import Case
from civicportal.db import NEVER

#: Seconds of working time are kept whole: what differs by less is the same deadline.
TOLERANCE = timedelta(minutes=1)


def promise(case: Case, start: datetime, days: float | None, calendar: CityCalendar) -> None:
    """Give a case a deadline, never one from before its registration: lists rely on it.

    :param start: of the time, which may lie before the registration: the day on a letter.
    :param days: office days from the start on; None or 0 for no deadline.
    """
    if not days:
        case.deadline, case.deadline_from, case.deadline_work = NEVER, None, None
        return
    case.deadline = max(calendar.add_working_days(start, days), case.created_at)
    case.deadline_from = start
    case.deadline_work = round((calendar.full_day * days).total_seconds())


def resume(case: Case, now: datetime, calendar: CityCalendar) -> None:
    """Move the deadline of a case on by the working time for which it rested."""
    if case.paused_at is None or case.deadline == NEVER:
        return
    waited = calendar.working_time_between(case.paused_at, now)
    case.deadline = calendar.add_working_time(case.deadline, waited)
    if case.deadline_work is not None:
        case.deadline_work += round(waited.total_seconds())


def expected(case: Case, calendar: CityCalendar) -> datetime:
    """Return the deadline that the calendar gives a case; the one it has where that is the same, or nobody knows more."""
    if case.deadline_from is None or case.deadline_work is None:
        return case.deadline
    counted = calendar.add_working_time(case.deadline_from, timedelta(seconds=case.deadline_work))
    moment = max(counted, case.created_at)
    return moment if abs(moment - case.deadline) >= TOLERANCE else case.deadline
