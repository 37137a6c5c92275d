"""The trail as administrators read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select

from civicportal.audit.models import AuditEvent

if TYPE_CHECKING:
    from civicportal.work import Work

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class TrailQuery:
    """What is looked for; None asks for all.

    :ivar action: the whole action, or its area with the colon: ``login:``.
    :ivar actor: user id of who did it.
    :ivar subject: user id of whose data it touched.
    """

    action: str | None = None
    actor: int | None = None
    subject: int | None = None
    case_id: int | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, kw_only=True)
class TrailPage:
    """Some events, the latest first, and the ids at which the neighbours begin."""

    events: Sequence[AuditEvent]
    older: int | None
    newer: int | None


class TrailService:
    """Reads the trail."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def page(self, query: TrailQuery, *, before: int | None = None, after: int | None = None) -> TrailPage:
        """Return one page.

        :param before: only events older than this id.
        :param after: only events newer than this id; it wins over ``before``.
        """
        events = select(AuditEvent).where(*self._conditions(query))
        if after is not None:
            rising = events.where(AuditEvent.id > after).order_by(AuditEvent.id).limit(PAGE_SIZE + 1)
            found = self.session.scalars(rising).all()
            shown, newer, older = found[:PAGE_SIZE][::-1], len(found) > PAGE_SIZE, True
        else:
            events = events.where(AuditEvent.id < before) if before is not None else events
            found = self.session.scalars(events.order_by(AuditEvent.id.desc()).limit(PAGE_SIZE + 1)).all()
            shown, newer, older = found[:PAGE_SIZE], before is not None, len(found) > PAGE_SIZE
        return TrailPage(
            events=shown,
            older=shown[-1].id if shown and older else None,
            newer=shown[0].id if shown and newer else None,
        )

    def last_verified(self) -> AuditEvent | None:
        """Return what the last verification of the whole trail has found."""
        query = select(AuditEvent).where(AuditEvent.action == "audit:verified")
        return self.session.scalar(query.order_by(AuditEvent.id.desc()).limit(1))

    def _conditions(self, query: TrailQuery) -> list[ColumnElement[bool]]:
        calendar = self.work.site.calendar
        found: list[ColumnElement[bool]] = []
        if query.action:
            area = query.action.endswith(":")
            found.append(
                AuditEvent.action.startswith(query.action, autoescape=True)
                if area
                else AuditEvent.action == query.action
            )
        exact = {"actor_id": query.actor, "subject_id": query.subject, "case_id": query.case_id}
        found += [getattr(AuditEvent, name) == value for name, value in exact.items() if value is not None]
        if query.first:
            found.append(AuditEvent.at >= calendar.day_bounds(query.first)[0])
        if query.last:
            found.append(AuditEvent.at < calendar.day_bounds(query.last)[1])
        return found
