"""Queries of requests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, false, select

from civicportal.api.cases import Case
from civicportal.api.database import Service
from civicportal.api.lists import (
    SORTS,
    CaseFilters,
    CaseScope,
    CaseSearch,
    CounterService,
    Page,
    Rows,
    Selected,
    Sort,
    SuggestionService,
    Total,
    case_page,
    has_one_of,
    stages_of,
    unit_ids,
    visible,
)
from civicportal.api.people import User
from civicportal.api.statistics import Span
from civicportal_meetings.models import MeetingRequest
from civicportal_meetings.names import KIND

WAITING = ("registered", "in_review")
"""Statuses of a request without a time."""


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """Filters of the list; empty fields have no effect.

    :ivar status: name of a state, "all", or None for requests without a time.
    :ivar unit: key, including subunits; or ``NONE``.
    :ivar person: code of a request: all with the same national code.
    """

    unit: str | None = None
    person: str = ""

    @property
    def waiting_only(self) -> bool:
        """Return whether only requests without a time are listed: the default without a status and a person."""
        return self.status is None and self.citizen is None and not self.person


class MeetingSearch(Service):
    """Queries over the requests that the actor may see."""

    def query(self, filters: Filters, *columns: Selected) -> Rows:
        """Return a query for columns of the requests that the actor may see."""
        return self._base(*columns).where(
            self.work.get(CaseScope).seen(KIND, filters.first_day), *self._conditions(filters)
        )

    def page(self, filters: Filters, *, cursor: str | None = None) -> Page:
        """Return one page of (case, request, citizen) rows."""
        query = self._walked(filters, Case, MeetingRequest, User)
        return case_page(self.session, query, sort=self.sort(filters), cursor=cursor)

    @staticmethod
    def sort(filters: Filters) -> Sort:
        """Return the order of the list: longest waiting first, else newest first."""
        return SORTS["newest" if filters.status else "oldest"]

    def total(self, filters: Filters) -> Total:
        """Return the number of requests: from the counters if possible, else counted up to the maximum of a page."""
        known = self._counted(filters)
        if known is not None:
            return known
        query = self._base(Case.id).where(*self._conditions(filters))
        return self.work.get(CaseSearch).total_listed(KIND, query, filters.words)

    def instead_of(self, filters: Filters) -> str:
        """Return alternative words for a search without results; empty for none."""
        return self.work.get(SuggestionService).instead_of(
            filters.words, lambda words: self._walked(replace(filters, words=words), Case.id)
        )

    def request_of(self, national_code: str) -> str | None:
        """Return the code of the latest request with a national code that the actor may see."""
        index = self.work.site.keys.blind_index(national_code)
        query = self._base(Case.code).where(self._named(index))
        return self.session.scalar(query.order_by(Case.id.desc()).limit(1))

    def waiting(self) -> Sequence[tuple[Case, MeetingRequest]]:
        """Return the requests without a time, longest waiting first."""
        query = self.query(Filters(), Case, MeetingRequest).order_by(Case.created_at, Case.id).limit(200)
        return [(case, request) for case, request in self.session.execute(query)]

    def _counted(self, filters: Filters) -> Total | None:
        rest = replace(filters, status=None, stage=None, unit=None, first_day=None, last_day=None)
        if rest != Filters():
            return None
        asked = {None: WAITING, "all": None}.get(filters.status, (filters.status or "",))
        return self.work.get(CounterService).total(
            KIND,
            stages=stages_of(filters.stage) if filters.stage else None,
            statuses=asked,
            units=unit_ids(self.work, filters.unit) if filters.unit else None,
            span=Span(first=filters.first_day, last=filters.last_day),
        )

    def _walked(self, filters: Filters, *columns: Selected) -> Rows:
        """Return :meth:`query` for reading one page only."""
        return self._base(*columns).where(self.work.get(CaseScope).listed(KIND), *self._conditions(filters))

    def _base(self, *columns: Selected) -> Rows:
        return (
            select(*columns)
            .select_from(Case)
            .join(MeetingRequest, MeetingRequest.case_id == Case.id)
            .outerjoin(User, User.id == Case.citizen_id)
            .where(Case.kind == KIND)
        )

    def _conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        found = filters.conditions(self.work)
        if filters.waiting_only:
            found.append(Case.status.in_(WAITING))
        elif filters.status and filters.status != "all":
            found.append(Case.status == filters.status)
        found += self.work.get(CaseSearch).conditions(filters.words, filters.citizen, KIND)
        if filters.person:
            found.append(self._of_person(filters.person))
        if filters.unit:
            found.append(has_one_of(Case.unit_id, unit_ids(self.work, filters.unit)))
        return found

    def _of_person(self, code: str) -> ColumnElement[bool]:
        # By the national code itself, since an applicant may have several accounts or none.
        known = visible(self.work.actor, "identity")
        query = self._base(MeetingRequest.national_code_index).where(Case.code == code, known)
        index = self.session.scalar(query)
        return self._named(index) if index else false()

    def _named(self, index: str) -> ColumnElement[bool]:
        known = visible(self.work.actor, "identity", walked=True)
        return and_(MeetingRequest.national_code_index == index, known)
