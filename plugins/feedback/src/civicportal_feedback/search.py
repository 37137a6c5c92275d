"""Queries of messages, shared by the list and its counts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, exists, select

from civicportal.api.cases import Case
from civicportal.api.database import Service
from civicportal.api.kartable import Referral
from civicportal.api.lists import (
    SORTS,
    CaseFilters,
    CaseScope,
    CaseSearch,
    CounterService,
    Page,
    Rows,
    Selected,
    SuggestionService,
    Total,
    has_one_of,
    in_stage,
    searched_page,
    stages_of,
    unit_ids,
)
from civicportal.api.statistics import Span
from civicportal_feedback.i18n import _
from civicportal_feedback.models import Feedback
from civicportal_feedback.workflow import KIND

OPINIONS = {"waiting": _("Waits for an opinion"), "come": _("The opinion has come")}


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """Filters of a list; empty fields have no effect.

    :ivar unit: key of the unit a message is about, including subunits; or ``NONE``.
    :ivar opinion: one of :data:`OPINIONS`, of open messages with inquiries.
    """

    type: str | None = None
    unit: str | None = None
    opinion: str | None = None


class FeedbackSearch(Service):
    """Queries over the messages that the actor may see."""

    def query(self, filters: Filters, *columns: Selected) -> Rows:
        """Return a query for columns of the messages that the actor may see."""
        return self._filtered(filters, *columns).where(self.work.get(CaseScope).seen(KIND, filters.first_day))

    def page(self, filters: Filters, *, sort: str = "newest", cursor: str | None = None) -> Page:
        """Return one page of (case, feedback) rows."""
        return searched_page(
            self.work,
            KIND,
            filters.words,
            lambda *columns: self._filtered(filters, *columns).where(self.work.get(CaseScope).listed(KIND)),
            self._filtered(Filters(), Case, Feedback),
            sort=SORTS.get(sort, SORTS["newest"]),
            cursor=cursor,
            since=filters.since(self.work),
        )

    def total(self, filters: Filters) -> Total:
        """Return the number of messages: from the counters if possible, else counted up to the maximum of a page."""
        known = self._counted(filters)
        if known is not None:
            return known
        query = self._filtered(filters, Case.id)
        return self.work.get(CaseSearch).total_listed(KIND, query, filters.words)

    def instead_of(self, filters: Filters) -> str:
        """Return alternative words for a search without results; empty for none."""
        return self.work.get(SuggestionService).instead_of(
            filters.words, lambda words: self.query(replace(filters, words=words), Case.id)
        )

    def opinions(self, cases: Iterable[Case]) -> dict[int, str]:
        """Return the state of inquiries about open messages: one of :data:`OPINIONS` by id of the case."""
        ids = [case.id for case in cases if case.is_open]
        query = select(Referral.case_id, Referral.closed_at).where(
            Referral.case_id.in_(ids), Referral.type == "inquiry"
        )
        found: dict[int, str] = {}
        for case_id, closed_at in self.session.execute(query):
            if closed_at is None or case_id not in found:
                found[case_id] = "come" if closed_at else "waiting"
        return found

    def _counted(self, filters: Filters) -> Total | None:
        rest = replace(filters, stage=None, status=None, first_day=None, last_day=None)
        if rest != Filters():
            return None
        return self.work.get(CounterService).total(
            KIND,
            stages=stages_of(filters.stage) if filters.stage else None,
            statuses=[filters.status] if filters.status else None,
            span=Span(first=filters.first_day, last=filters.last_day),
        )

    def _filtered(self, filters: Filters, *columns: Selected) -> Rows:
        query = select(*columns).select_from(Case).join(Feedback, Feedback.case_id == Case.id)
        return query.where(Case.kind == KIND, *self._conditions(filters))

    def _conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        found = filters.conditions(self.work)
        found += self.work.get(CaseSearch).conditions(filters.words, filters.citizen, KIND)
        if filters.type:
            found.append(Feedback.type == filters.type)
        if filters.status:
            found.append(Case.status == filters.status)
        if filters.unit:
            found.append(has_one_of(Feedback.unit_id, unit_ids(self.work, filters.unit)))
        if filters.opinion:
            found += [in_stage("open"), _asked(waiting=filters.opinion == "waiting")]
        return found


def _asked(*, waiting: bool) -> ColumnElement[bool]:
    """Return the condition that there are inquiries, with or without missing answers."""
    asked = select(Referral.id).where(Referral.case_id == Case.id, Referral.type == "inquiry")
    missing = exists(asked.where(Referral.closed_at.is_(None))).correlate(Case)
    return missing if waiting else and_(exists(asked).correlate(Case), ~missing)
