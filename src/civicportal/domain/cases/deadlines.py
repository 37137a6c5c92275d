"""Deadlines of cases in working time.

Start and working time are stored with the deadline, so that it can be recomputed after a calendar change.
"""

from datetime import datetime, timedelta

from civicportal.core.db import NEVER
from civicportal.domain.cases.models import Case
from civicportal.util.calendar import CityCalendar

#: Working time is stored in whole seconds; smaller differences are the same deadline.
TOLERANCE = timedelta(minutes=1)


def set_deadline(case: Case, start: datetime, days: float | None, calendar: CityCalendar) -> None:
    """Set the deadline of a case.

    It is never before the registration: lists rely on it.

    :param start: start of the time, possibly before the registration, such as the date of a letter.
    :param days: office days from the start; None or 0 for no deadline.
    """
    if not days:
        case.deadline, case.deadline_from, case.deadline_work = NEVER, None, None
        return
    case.deadline = max(calendar.add_working_days(start, days), case.created_at)
    case.deadline_from = start
    case.deadline_work = round((calendar.full_day * days).total_seconds())


def resume(case: Case, now: datetime, calendar: CityCalendar) -> None:
    """Extend a deadline by the working time of a pause."""
    if case.paused_at is None or case.deadline == NEVER:
        return
    extend(case, calendar.working_time_between(case.paused_at, now), calendar)


def extend(case: Case, waited: timedelta, calendar: CityCalendar) -> None:
    """Extend a deadline by some working time."""
    if case.deadline == NEVER:
        return
    case.deadline = calendar.add_working_time(case.deadline, waited)
    if case.deadline_work is not None:
        case.deadline_work += round(waited.total_seconds())


def expected(case: Case, calendar: CityCalendar) -> datetime:
    """Return the deadline by the current calendar.

    It is the stored one if the difference is negligible, or if it cannot be recomputed.
    """
    if case.deadline_from is None or case.deadline_work is None:
        return case.deadline
    counted = calendar.add_working_time(case.deadline_from, timedelta(seconds=case.deadline_work))
    moment = max(counted, case.created_at)
    return moment if abs(moment - case.deadline) >= TOLERANCE else case.deadline
