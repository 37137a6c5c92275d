"""Queries of messages, shared by the list and its counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, select

from civicportal.api.cases import Case, Workflow
from civicportal.api.kartable import Referral
from civicportal.api.lists import (
    CaseFilters,
    CaseList,
    Rows,
    Selected,
)
from civicportal_feedback.i18n import _
from civicportal_feedback.models import Feedback
from civicportal_feedback.workflow import KIND

OPINIONS = {"waiting": _("Waits for an opinion"), "come": _("The opinion has come")}


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """Filters of a list; empty fields have no effect.

    :ivar unit: key of the unit a message is about, including subunits; or ``Option.NONE``.
    :ivar opinion: one of :data:`OPINIONS`, of open messages with inquiries.
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
            found += [Case.stage.in_(Workflow.OPEN_STAGES), _asked(waiting=filters.opinion == "waiting")]
        return found

    def opinions(self, cases: Iterable[Case]) -> dict[int, str]:
        """Return the state of inquiries about open messages, one of :data:`OPINIONS` by id of the case."""
        ids = [case.id for case in cases if case.is_open]
        query = select(Referral.case_id, Referral.closed_at).where(
            Referral.case_id.in_(ids), Referral.type == "inquiry"
        )
        found: dict[int, str] = {}
        for case_id, closed_at in self.session.execute(query):
            if closed_at is None or case_id not in found:
                found[case_id] = "come" if closed_at else "waiting"
        return found


def _asked(*, waiting: bool) -> ColumnElement[bool]:
    """Return the condition that there are inquiries, with or without missing answers."""
    asked = select(Referral.id).where(Referral.case_id == Case.id, Referral.type == "inquiry")
    missing = exists(asked.where(Referral.closed_at.is_(None))).correlate(Case)
    return missing if waiting else and_(exists(asked).correlate(Case), ~missing)
