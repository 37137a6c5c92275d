"""Conditions on cases that every list of them offers."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, true

from civicportal.calendar import CityCalendar
from civicportal.cases.models import Case
from civicportal.cases.workflow import OPEN_STAGES


def in_stage(stage: str) -> ColumnElement[bool]:
    """Return the condition for a stage, or for "open": all that still wait for somebody."""
    return Case.stage.in_(OPEN_STAGES if stage == "open" else (stage,))


def sent_between(calendar: CityCalendar, first: date | None, last: date | None) -> ColumnElement[bool]:
    """Return the condition for the days on which a case was opened, both included; None leaves an end open."""
    found: list[ColumnElement[bool]] = []
    if first:
        found.append(Case.created_at >= calendar.day_bounds(first)[0])
    if last:
        found.append(Case.created_at < calendar.day_bounds(last)[1])
    return and_(true(), *found)


def overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition for open cases past their deadline; one that waits for its citizen is not."""
    return and_(Case.stage.in_(OPEN_STAGES), Case.deadline < now, Case.paused_at.is_(None))
