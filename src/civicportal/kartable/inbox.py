"""The inbox: saved views whose counters equal their lists, filters, and search."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from civicportal.access import in_kartable, visible
from civicportal.cases.conditions import sent_between
from civicportal.cases.models import Case
from civicportal.cases.paging import SORTS, Page, Rows, case_page
from civicportal.cases.search import CaseSearch
from civicportal.i18n import _
from civicportal.kartable.models import Referral
from civicportal.lists import Total, count_rows, more_than
from civicportal.organization.services import OrganizationService

if TYPE_CHECKING:
    from civicportal.work import Work

VIEWS = {
    "all": _("All open"),
    "new": _("New"),
    "mine": _("In my hands"),
    "referred": _("Referred to me"),
    "overdue": _("Overdue"),
    "waiting": _("Waiting for the citizen"),
    "closed": _("Closed today"),
}
MOST_LINES = 5000
"""Lines that are counted of a kartable."""
EVERYWHERE = "everywhere"
"""View of a search: every case the person may see, in whosever kartable. It has no counter."""
Line = type[Referral]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What narrows a view; every field may be empty."""

    kind: str | None = None
    status: str | None = None
    category: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    words: str = ""
    citizen: int | None = None


class InboxService:
    """Somebody's kartable, read only. A case stands once in a view, however many of its lines lie there."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session
        self.identity = work.actor

    def page(self, view: str, filters: Filters, *, sort: str = "deadline", cursor: str | None = None) -> Page:
        """Return one page of (case, line) rows; on a closed case of a search the line is None.

        :param view: one of ``VIEWS``, or ``EVERYWHERE``.
        :raises KeyError: for a view that does not exist.
        """
        query = self._query(select(Case, Referral), view, filters)
        return case_page(self.session, query, sort=SORTS.get(sort, SORTS["deadline"]), cursor=cursor)

    def query(self, view: str, filters: Filters, *columns: Any) -> Rows:
        """Return a query for columns of a view's cases and lines."""
        return self._query(select(*columns), view, filters)

    def counts(self, filters: Filters) -> Mapping[str, Total]:
        """Return how many rows each view has under the filters, in two statements.

        Of a kartable with more lines than :data:`MOST_LINES` so many are looked at: there are more than these have.
        """
        names = [name for name in VIEWS if name != "closed"]
        columns = [self._condition(name).label(name) for name in names]
        lines = self._filtered(self._joined(select(*columns)), filters).where(self._once(self._in_kartable))
        some = lines.limit(MOST_LINES + 1).subquery()
        sums = [func.count().filter(some.c[name]).label(name) for name in names]
        row = self.session.execute(select(*sums).select_from(some)).one()
        total = Total if row.all <= MOST_LINES else more_than
        found = {name: total(number) for name, number in row._mapping.items()}
        closed = self._query(select(Case.id), "closed", filters)
        return {**found, "closed": count_rows(self.session, closed)}

    def total(self, view: str, filters: Filters) -> Total:
        """Return how many rows a view has, :data:`EVERYWHERE` too."""
        query = self._query(select(Case.id), view, filters)
        return self.work.get(CaseSearch).total(query, filters.words, filters.kind or "")

    def neighbours(self, case: Case) -> tuple[str | None, str | None]:
        """Return the codes of the cases before and after this one in "all open" by deadline."""
        query = self._query(select(Case.code), "all", Filters())
        key, here = tuple_(Case.deadline, Case.id), tuple_(case.deadline, case.id)
        before = query.where(key < here).order_by(Case.deadline.desc(), Case.id.desc()).limit(1)
        after = query.where(key > here).order_by(Case.deadline, Case.id).limit(1)
        both = select(before.scalar_subquery(), after.scalar_subquery())
        found = self.session.execute(both).one()
        return found[0], found[1]

    def _query(self, columns: Rows, view: str, filters: Filters) -> Rows:
        if view == EVERYWHERE:
            return self._filtered(self._with_holder(columns), filters).where(
                visible(self.identity, walked=True)
            )
        query = self._filtered(self._joined(columns), filters)
        if view == "closed":
            return query.where(self._once(self._closed_today()), visible(self.identity, walked=True))
        return query.where(self._condition(view), self._once(self._in_kartable))

    @property
    def _now(self) -> datetime:
        return self.work.clock.now()

    @staticmethod
    def _joined(columns: Rows) -> Rows:
        return columns.select_from(Case).join(Referral, Referral.case_id == Case.id)

    @staticmethod
    def _with_holder(columns: Rows) -> Rows:
        holds = and_(Referral.case_id == Case.id, Referral.type == "action", Referral.closed_at.is_(None))
        return columns.select_from(Case).outerjoin(Referral, holds)

    @staticmethod
    def _once(condition: Callable[[Line], ColumnElement[bool]]) -> ColumnElement[bool]:
        """Return the condition narrowed to one line of each case: to act comes before a copy or an inquiry."""
        other = aliased(Referral)
        earlier = tuple_(other.type, other.id) < tuple_(Referral.type, Referral.id)
        better = select(other.id).where(other.case_id == Case.id, condition(other), earlier)
        return and_(condition(Referral), ~exists(better).correlate(Case, Referral))

    def _in_kartable(self, line: Line) -> ColumnElement[bool]:
        return in_kartable(self.identity, line)

    def _closed_today(self) -> Callable[[Line], ColumnElement[bool]]:
        calendar = self.work.site.calendar
        start, end = calendar.day_bounds(calendar.today(self._now))
        return lambda line: and_(
            line.closed_by_id == self.identity.user_id, line.closed_at >= start, line.closed_at < end
        )

    def _condition(self, view: str) -> ColumnElement[bool]:
        persons = self.identity.deputy_for | {self.identity.user_id or 0}
        conditions: dict[str, ColumnElement[bool]] = {
            "all": true(),
            "new": Referral.read_at.is_(None),
            "mine": or_(Referral.to_user_id.in_(persons), Referral.taken_by_id.in_(persons)),
            "referred": Referral.from_unit_id.is_not(None),
            "overdue": and_(Case.deadline < self._now, Case.paused_at.is_(None), Case.closed_at.is_(None)),
            "waiting": Case.paused_at.is_not(None),
        }
        return conditions[view]

    def _filtered(self, query: Rows, filters: Filters) -> Rows:
        if filters.kind:
            query = query.where(Case.kind == filters.kind)
        if filters.status:
            query = query.where(Case.status == filters.status)
        if filters.category:
            tree = self.work.get(OrganizationService).categories
            ids = tree.subtree(filters.category) if filters.category in tree.by_id else frozenset({0})
            query = query.where(Case.category_id.in_(ids))
        query = query.where(sent_between(self.work.site.calendar, filters.first_day, filters.last_day))
        if filters.citizen is not None:
            query = query.where(Case.citizen_id == filters.citizen, visible(self.identity, "contact"))
        return (
            query.where(self.work.get(CaseSearch).matches(filters.words, filters.kind or ""))
            if filters.words
            else query
        )
