"""Queries of messages, shared by the list and its counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from civicportal.api.cases import Case
from civicportal.api.kartable import Referral
from civicportal.api.lists import (
    CaseFilters,
    CaseList,
    Rows,
    Selected,
)
from civicportal_feedback.models import Feedback
from civicportal_feedback.opinions import has_opinion
from civicportal_feedback.workflow import KIND


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """Filters of a list; empty fields have no effect.

    :ivar unit: key of the unit a message is about, including subunits; or ``Option.NONE``.
    :ivar opinion: one of :data:`~civicportal_feedback.opinions.OPINIONS`, of open messages with inquiries.
    """

    type: str | None = None
    unit: str | None = None
    opinion: str | None = None


class FeedbackSearch(CaseList[Filters]):
    """The list of messages."""

    kind = KIND
    entities = (Case, Feedback)

    def select(self, *columns: Selected) -> Rows:
        """Return a query for columns of all messages."""
        return super().select(*columns).join(Feedback, Feedback.case_id == Case.id)

    def conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        """Return the filters as conditions."""
        found = super().conditions(filters)
        if filters.type:
            found.append(Feedback.type == filters.type)
        if filters.unit:
            found.append(self.has_one_of(Feedback.unit_id, self.unit_ids(filters.unit)))
        if filters.opinion:
            found.append(has_opinion(filters.opinion))
        return found

    def opinions(self, cases: Iterable[Case]) -> dict[int, str]:
        """Return the state of inquiries about open messages by id of the case, see :func:`has_opinion`."""
        ids = [case.id for case in cases if case.is_open]
        query = select(Referral.case_id, Referral.closed_at).where(
            Referral.case_id.in_(ids), Referral.type == "inquiry"
        )
        found: dict[int, str] = {}
        for case_id, closed_at in self.session.execute(query):
            if closed_at is None or case_id not in found:
                found[case_id] = "come" if closed_at else "waiting"
        return found
