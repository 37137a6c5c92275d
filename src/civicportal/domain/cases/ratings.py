"""Ratings of closings: one per closing and citizen, changeable for seven days.

In these days the citizen may also object to the closing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.measures import note_rating
from civicportal.domain.cases.models import Case, CaseEvent, Follower, Rating
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.steps import OBJECTION_WINDOW, StepService
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work


@dataclass(frozen=True, kw_only=True)
class RatingWindow:
    """The period in which the actor may rate.

    :ivar until: end of the period.
    :ivar mine: the actor's current rating, if any.
    """

    until: datetime
    mine: Rating | None


@dataclass(frozen=True, kw_only=True)
class RatingSummary:
    """All ratings of the last closing.

    :ivar mean: of the stars, rounded to one decimal; None if all chose one of two answers.
    """

    mean: float | None
    ratings: Sequence[Rating]


class RatingService(Service):
    """Rate closings and object to them."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.cases = work.get(CaseService)

    def standing(self, case: Case) -> RatingWindow | None:
        """Return whether the actor may rate the case now, or None."""
        closing = self._ratable(case)
        user_id = self.work.actor.user_id
        if closing is None or user_id is None:
            return None
        return RatingWindow(until=closing.at + OBJECTION_WINDOW, mine=self._rating(case, user_id, closing))

    def rate(
        self,
        case: Case,
        stars: int,
        words: str = "",
        *,
        user_id: int | None = None,
        two_answers: bool = False,
    ) -> Rating:
        """Set or change the actor's rating of the last closing.

        :param case: locked for update, so that concurrent answers of one person are serialised.
        :param stars: 1 to 5.
        :param user_id: the person, when the rating came by SMS.
        :param two_answers: the person chose between "satisfied" (5) and "dissatisfied" (1), which are no stars.
        :raises Refused: when the case cannot be rated (any more).
        :raises Forbidden: when the person neither owns nor follows the case.
        """
        closing = self._ratable(case)
        if closing is None:
            raise Refused(_("This request cannot be rated now."))
        person = user_id if self.work.actor.realm == "system" else self.work.actor.user_id
        if person is None or not self._takes_part(case, person):
            raise Forbidden("neither the citizen nor a follower")
        rating = self._rating(case, person, closing) or self._new(case, person, closing)
        note_rating(self.work, case, before=rating.stars, stars=stars)
        rating.stars, rating.words, rating.updated_at = stars, words, self.work.clock.now()
        rating.two_answers = two_answers
        self.session.add(rating)
        event = self.cases.record(case, "rated", data={"stars": stars, "two_answers": two_answers})
        self.work.relay(CaseChange(case=case, event=event, kind=self.cases.kind(case), notify=False))
        return rating

    def objection_end(self, case: Case) -> datetime | None:
        """Return until when an objection of the actor reopens the case; None if none can.

        Whether anything else hinders one is not asked after that time.
        """
        kind = self.cases.kind(case)
        if kind.reopen is None or case.is_open or not self._owns(case):
            return None
        steps = [step for step in kind.workflow.from_state(case.status) if step.name == kind.reopen]
        closing = self.closing(case)
        if not steps or closing is None:
            return None
        rules = self.work.get(StepService)
        if self._in_time(closing) and any(rules.refusal_reason(case, kind, step) for step in steps):
            return None
        return closing.at + OBJECTION_WINDOW

    def may_object(self, case: Case) -> bool:
        """Return whether an objection of the actor would reopen the case now."""
        end = self.objection_end(case)
        return end is not None and self.work.clock.now() < end

    def object(self, case: Case, reason: str, *, version: int | None = None) -> CaseEvent:
        """Reopen the case on an objection of its citizen.

        :param reason: visible to staff, never to followers.
        :raises Refused: when it is too late, or the kind has no objection from this status.
        :raises Forbidden: when the actor is not the case's citizen.
        :raises StaleVersion: when the case was changed since the form was made.
        """
        name = self.cases.kind(case).reopen
        if name is None or not self.may_object(case):
            raise Refused(_("This request cannot be opened again now. Please send a new one."))
        return self.cases.apply(case, name, version=version, internal_text=reason, data={"objection": True})

    def summary(self, case: Case) -> RatingSummary | None:
        """Return the ratings of the last closing, or None without any."""
        closing = self.closing(case)
        if closing is None:
            return None
        query = select(Rating).where(Rating.case_id == case.id, Rating.closing_id == closing.id)
        ratings = self.session.scalars(query.order_by(Rating.id)).all()
        if not ratings:
            return None
        stars = [rating.stars for rating in ratings if not rating.two_answers]
        return RatingSummary(mean=round(sum(stars) / len(stars), 1) if stars else None, ratings=ratings)

    # -- inside ---------------------------------------------------------------------------------------------

    def closing(self, case: Case) -> CaseEvent | None:
        """Return the last event that closed the case and was not undone."""
        states = self.cases.kind(case).workflow.states
        closed = {state.name for state in states if not state.is_open}
        still_open = {state.name for state in states if state.is_open}
        events = self.cases.events(case)
        undone = {event.data.get("event") for event in events if event.type == "undone"}
        closings = (
            event
            for event in events
            if event.type == "transition" and event.before in still_open and event.after in closed
        )
        return next((event for event in closings if event.id not in undone), None)

    def _ratable(self, case: Case) -> CaseEvent | None:
        if case.stage != "done" or not self.cases.kind(case).rating:
            return None
        closing = self.closing(case)
        return closing if closing is not None and self._in_time(closing) else None

    def _in_time(self, closing: CaseEvent) -> bool:
        return self.work.clock.now() - closing.at < OBJECTION_WINDOW

    def _owns(self, case: Case) -> bool:
        actor = self.work.actor
        return actor.realm == "system" or (case.citizen_id is not None and case.citizen_id == actor.user_id)

    def _takes_part(self, case: Case, user_id: int) -> bool:
        return case.citizen_id == user_id or self.session.get(Follower, (case.id, user_id)) is not None

    def _rating(self, case: Case, user_id: int, closing: CaseEvent) -> Rating | None:
        query = select(Rating).where(
            Rating.case_id == case.id, Rating.user_id == user_id, Rating.closing_id == closing.id
        )
        return self.session.scalar(query)

    def _new(self, case: Case, user_id: int, closing: CaseEvent) -> Rating:
        return Rating(
            case_id=case.id, user_id=user_id, closing_id=closing.id, created_at=self.work.clock.now()
        )
