"""Queries of requests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, false

from civicportal.api.cases import AccessService, Case
from civicportal.api.forms import Values
from civicportal.api.lists import (
    CaseFilters,
    CaseList,
    Rows,
    Selected,
)
from civicportal.api.people import User
from civicportal_meetings.models import MeetingRequest
from civicportal_meetings.names import KIND

WAITING = ("registered", "in_review")
"""Statuses of a request without a time."""


@dataclass(frozen=True, kw_only=True)
class Filters(CaseFilters):
    """Filters of the list; empty fields have no effect.

    :ivar status: name of a state, "all", or None for requests without a time.
    :ivar unit: key, including subunits; or ``Option.NONE``.
    :ivar person: code of a request: all with the same national code.
    """

    unit: str | None = None
    person: str = ""

    @property
    def waiting_only(self) -> bool:
        """Return whether only requests without a time are listed, the default without a status and a person."""
        return self.status is None and self.citizen is None and not self.person

    @property
    def order(self) -> str:
        """Return the default order: longest waiting first, with a status newest first."""
        return "newest" if self.status else "oldest"


class MeetingSearch(CaseList[Filters]):
    """The list of requests; each row has its citizen too."""

    kind = KIND
    entities = (Case, MeetingRequest, User)

    def select(self, *columns: Selected) -> Rows:
        """Return a query for columns of all requests."""
        query = super().select(*columns).join(MeetingRequest, MeetingRequest.case_id == Case.id)
        return query.outerjoin(User, User.id == Case.citizen_id)

    def conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        """Return the filters as conditions."""
        found = super().conditions(
            replace(filters, status=None if filters.status == "all" else filters.status)
        )
        if filters.waiting_only:
            found.append(Case.status.in_(WAITING))
        if filters.person:
            found.append(self._of_person(filters.person))
        if filters.unit:
            found.append(self.has_one_of(Case.unit_id, self.unit_ids(filters.unit)))
        return found

    def counted(self, filters: Filters) -> Values | None:
        """Return by what the counters know the total: the unit too, and all statuses or those without a time."""
        rest = replace(filters, status=None, stage=None, unit=None, first_day=None, last_day=None)
        if rest != Filters():
            return None
        statuses = {None: WAITING, "all": None}.get(filters.status, (filters.status or "",))
        return {"statuses": statuses, "units": self.unit_ids(filters.unit) if filters.unit else None}

    def request_of(self, national_code: str) -> str | None:
        """Return the code of the latest request with a national code that the actor may see."""
        index = self.work.site.keys.blind_index(national_code)
        query = self.select(Case.code).where(self._named(index))
        return self.session.scalar(query.order_by(Case.id.desc()).limit(1))

    def waiting(self) -> Sequence[tuple[Case, MeetingRequest]]:
        """Return the requests without a time, longest waiting first."""
        query = self.query(Filters(), Case, MeetingRequest).order_by(Case.created_at, Case.id).limit(200)
        return [(case, request) for case, request in self.session.execute(query)]

    def _of_person(self, code: str) -> ColumnElement[bool]:
        # By the national code itself, since an applicant may have several accounts or none.
        known = self.work.get(AccessService).visible("identity")
        query = self.select(MeetingRequest.national_code_index).where(Case.code == code, known)
        index = self.session.scalar(query)
        return self._named(index) if index else false()

    def _named(self, index: str) -> ColumnElement[bool]:
        known = self.work.get(AccessService).visible("identity", walked=True)
        return and_(MeetingRequest.national_code_index == index, known)
