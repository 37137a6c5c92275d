"""Questions of the city that a case's citizen has to answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.util import memoized_property

from civicportal.core.work import Service
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.models import IMPORTED, Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import State
from civicportal.domain.organization.services import OrganizationService

if TYPE_CHECKING:
    from civicportal.core.site import Site

CHUNK = 50
"""Batch size of ids."""
MOST_OWN = 20
"""Maximum number of open questions of one citizen that a page shows."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """The open question of a case.

    :ivar text: the question; empty if none was written, or it was erased.
    :ivar unit: name of the unit that asks.
    :ivar event_id: id of the event that asked.
    :ivar until: end of the question; None if it waits without limit.
    """

    text: str
    unit: str
    asked_at: datetime
    event_id: int
    until: datetime | None


def asking_state(site: "Site", case: Case) -> State | None:
    """Return the status of a case if it waits for an answer of its citizen, else None."""
    state = kind_of(site, case.kind).workflow.by_name.get(case.status)
    return state if state and state.answer else None


def is_asked(site: "Site", *, ending: bool = False) -> ColumnElement[bool]:
    """Return the condition on ``Case`` for cases that wait for an answer of their citizen.

    :param ending: only those whose question ends without an answer after some days.
    """
    waiting = {
        kind.name: [
            state.name for state in kind.workflow.states if state.answer and (state.unanswered or not ending)
        ]
        for kind in kinds_of(site).values()
    }
    return or_(
        false(),
        *(and_(Case.kind == name, Case.status.in_(states)) for name, states in waiting.items() if states),
    )


class QuestionService(Service):
    """Find and end open questions."""

    def of(self, case: Case) -> Question | None:
        """Return the open question of a case, if any."""
        state = asking_state(self.work.site, case)
        if state is None:
            return None
        events = self.work.get(CaseService).events(case)
        undone = {event.data.get("event") for event in events if event.type == "undone"}
        asked = (
            event
            for event in events
            if event.type == "transition" and event.after == case.status and event.id not in undone
        )
        event = next(asked, None)
        if event is None:
            return None
        unit = self.work.get(OrganizationService).unit_name(event.unit_id)
        # A question of an earlier system can be answered since it was imported.
        since = datetime.fromisoformat(event.data[IMPORTED]) if IMPORTED in event.data else event.at
        until = since + self._patience if self._patience and state.unanswered else None
        return Question(text=event.public_text, unit=unit, asked_at=event.at, event_id=event.id, until=until)

    @property
    def _patience(self) -> timedelta:
        return timedelta(days=self.work.site.settings["questions"]["days"])

    def waiting(self, after: int = 0) -> Sequence[int]:
        """Return the ids of cases with a question that can end without an answer, ordered, at most ``CHUNK``.

        :param after: only ids above this one.
        """
        query = select(Case.id).where(Case.id > after, is_asked(self.work.site, ending=True))
        return self.session.scalars(query.order_by(Case.id).limit(CHUNK)).all()

    def end(self, case: Case) -> CaseEvent | None:
        """End the question of a case if its time is over, by the transition that the workflow names.

        :param case: locked for update.
        :returns: the event; None if nothing has ended.
        """
        question, state = self.of(case), asking_state(self.work.site, case)
        if question is None or question.until is None or state is None or state.unanswered is None:
            return None
        if question.until > self.work.clock.now():
            return None
        return self.work.get(CaseService).apply(case, state.unanswered)

    @memoized_property
    def own(self) -> Sequence[Case]:
        """Return the actor's cases with an open question, latest first, at most :data:`MOST_OWN`."""
        query = select(Case).where(Case.citizen_id == self.work.actor.user_id, is_asked(self.work.site))
        latest = query.order_by(Case.created_at.desc(), Case.id.desc())
        return self.session.scalars(latest.limit(MOST_OWN)).all()
