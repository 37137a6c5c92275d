"""Questions of the city that a case's citizen has to answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, false, or_, select

from civicportal.core.work import Service
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import State
from civicportal.domain.organization.services import OrganizationService

if TYPE_CHECKING:
    from civicportal.core.site import Site


@dataclass(frozen=True, kw_only=True)
class Question:
    """The open question of a case.

    :ivar text: empty if none was written, or it was erased.
    :ivar unit: that asks.
    """

    text: str
    unit: str
    asked_at: datetime


def asking_state(site: "Site", case: Case) -> State | None:
    """Return the status of a case if it waits for an answer of its citizen."""
    state = kind_of(site, case.kind).workflow.by_name.get(case.status)
    return state if state and state.answer else None


def is_asked(site: "Site") -> ColumnElement[bool]:
    """Return the condition on ``Case`` for those that wait for an answer of their citizen."""
    waiting = {
        kind.name: [state.name for state in kind.workflow.states if state.answer]
        for kind in kinds_of(site).values()
    }
    return or_(
        false(),
        *(and_(Case.kind == name, Case.status.in_(states)) for name, states in waiting.items() if states),
    )


class QuestionService(Service):
    """Find open questions."""

    def of(self, case: Case) -> Question | None:
        """Return the open question of a case, if any."""
        if asking_state(self.work.site, case) is None:
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
        return Question(text=event.public_text, unit=unit, asked_at=event.at)

    def own(self, *, limit: int = 20) -> Sequence[Case]:
        """Return the actor's cases with an open question, latest first."""
        query = select(Case).where(Case.citizen_id == self.work.actor.user_id, is_asked(self.work.site))
        return self.session.scalars(query.order_by(Case.created_at.desc(), Case.id.desc()).limit(limit)).all()
