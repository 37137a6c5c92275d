"""Conditions on cases that every list of them offers."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_

from civicportal.calendar import CityCalendar
from civicportal.cases.models import Case
from civicportal.cases.workflow import OPEN_STAGES
from civicportal.db import NEVER
from civicportal.hints import Unindexed
from civicportal.lists import within_days


def stages_of(stage: str) -> tuple[str, ...]:
    """Return the stages that a filter means: one, or for "open" all that still wait for somebody."""
    return tuple(OPEN_STAGES) if stage == "open" else (stage,)


def in_stage(stage: str) -> ColumnElement[bool]:
    """Return the condition for what a filter of stages means."""
    return Case.stage.in_(stages_of(stage))


def sent_between(calendar: CityCalendar, first: date | None, last: date | None) -> ColumnElement[bool]:
    """Return the condition for the days on which a case was opened, both included; None leaves an end open."""
    return within_days(Case.created_at, calendar, first, last)


def overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition for open cases past their deadline; one that waits for its citizen is not."""
    # Most open cases may be past it: SQLite would gather them all by their deadlines, whatever a list is sorted by.
    return and_(Case.stage.in_(OPEN_STAGES), Unindexed(Case.deadline) < now, Case.paused_at.is_(None))


def closed_on_time() -> ColumnElement[bool]:
    """Return the condition for cases that had a deadline and were closed within it."""
    # Most cases have one: as in ``overdue``.
    has_one = Unindexed(Case.deadline) < NEVER
    return and_(Case.closed_at.is_not(None), has_one, Case.closed_at <= Case.deadline)


def closed_late() -> ColumnElement[bool]:
    """Return the condition for cases that were closed after their deadline."""
    return and_(Case.closed_at.is_not(None), Case.closed_at > Case.deadline)


def late(now: datetime) -> ColumnElement[bool]:
    """Return the condition for cases that were closed after their deadline, or are open past it."""
    return or_(closed_late(), overdue(now))


def mostly_satisfied() -> ColumnElement[bool]:
    """Return the condition for cases whose last closing more than half of those who rated it gave four or five stars."""
    return 2 * Case.satisfied > Case.rated
