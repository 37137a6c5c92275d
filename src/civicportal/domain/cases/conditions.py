"""SQL conditions that every list of cases offers."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_

from civicportal.core.db import NEVER
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.workflow import OPEN_STAGES
from civicportal.util.calendar import CityCalendar
from civicportal.util.lists import within_days


def stages_of(stage: str) -> tuple[str, ...]:
    """Return the stages of a filter."""
    return tuple(OPEN_STAGES) if stage == "open" else (stage,)


def in_stage(stage: str) -> ColumnElement[bool]:
    """Return the condition of a stage filter."""
    return Case.stage.in_(stages_of(stage))


def sent_between(calendar: CityCalendar, first: date | None, last: date | None) -> ColumnElement[bool]:
    """Return the condition for cases opened between two days, inclusive.

    None leaves an end open.
    """
    return within_days(Case.created_at, calendar, first, last)


def overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition for open, overdue cases.

    Those that wait for the citizen are not overdue.
    """
    return and_(Case.stage.in_(OPEN_STAGES), Case.deadline < now, Case.paused_at.is_(None))


def closed_on_time() -> ColumnElement[bool]:
    """Return the condition for cases closed before their deadline."""
    return and_(Case.closed_at.is_not(None), Case.deadline < NEVER, Case.closed_at <= Case.deadline)


def closed_late() -> ColumnElement[bool]:
    """Return the condition for cases that were closed after their deadline."""
    return and_(Case.closed_at.is_not(None), Case.closed_at > Case.deadline)


def late(now: datetime) -> ColumnElement[bool]:
    """Return the condition for late cases.

    They are closed after their deadline, or open and overdue.
    """
    return or_(closed_late(), overdue(now))


def mostly_satisfied() -> ColumnElement[bool]:
    """Return the condition for mostly satisfied ratings.

    More than half of the raters of the last closing gave four or five stars.
    """
    return 2 * Case.satisfied > Case.rated
