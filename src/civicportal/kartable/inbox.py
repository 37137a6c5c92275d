"""The inbox: saved views whose counters equal their lists, filters, and search."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from civicportal.access import in_kartable, visible
from civicportal.accounts.models import User
from civicportal.cases import tracking
from civicportal.cases.models import Case
from civicportal.cases.paging import SORTS, Page, Rows, case_page
from civicportal.cases.search import matches
from civicportal.countries import InvalidMobile
from civicportal.i18n import InvalidInput, _
from civicportal.kartable.models import Referral
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


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where a search leads: one case, the cases of a citizen, or words to look for."""

    code: str | None = None
    citizen: int | None = None
    words: str = ""


class InboxService:
    """Somebody's kartable, read only."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session
        self.identity = work.actor

    def page(self, view: str, filters: Filters, *, sort: str = "deadline", cursor: str | None = None) -> Page:
        """Return one page of (case, line) rows.

        :raises KeyError: for a view that does not exist.
        """
        query = self._query(select(Case, Referral), view, filters)
        return case_page(self.session, query, sort=SORTS.get(sort, SORTS["deadline"]), cursor=cursor)

    def counts(self, filters: Filters) -> Mapping[str, int]:
        """Return how many rows each view has under the filters, in two statements."""
        open_views = [name for name in VIEWS if name != "closed"]
        columns = [func.count().filter(self._condition(name)).label(name) for name in open_views]
        query = self._filtered(self._joined(select(*columns)), filters).where(in_kartable(self.identity))
        row = self.session.execute(query).one()
        closed = self._query(select(func.count()), "closed", filters)
        return {**row._mapping, "closed": self.session.scalar(closed) or 0}

    def neighbours(self, case: Case) -> tuple[str | None, str | None]:
        """Return the codes of the cases before and after this one in "all open" by deadline."""
        query = self._query(select(Case), "all", Filters())
        here = (case.deadline, case.id)
        key = (Case.deadline, Case.id)
        before = or_(key[0] < here[0], and_(key[0] == here[0], key[1] < here[1]))
        after = or_(key[0] > here[0], and_(key[0] == here[0], key[1] > here[1]))
        previous = self.session.scalars(
            query.where(before).order_by(Case.deadline.desc(), Case.id.desc()).limit(1)
        ).first()
        following = self.session.scalars(query.where(after).order_by(Case.deadline, Case.id).limit(1)).first()
        return (previous.code if previous else None), (following.code if following else None)

    def search(self, text: str) -> Found:
        """Read what was typed into the search box: a code, a mobile, or words.

        A mobile finds only those whose case the actor may see with its contact.
        """
        try:
            return Found(code=tracking.normalize(text))
        except InvalidInput:
            pass
        try:
            mobile = self.work.site.country.normalize_mobile(text)
        except InvalidMobile:
            return Found(words=text.strip())
        citizen = self.session.scalar(
            select(User.id)
            .join(Case, Case.citizen_id == User.id)
            .where(User.mobile == mobile, visible(self.identity, "contact"))
            .limit(1)
        )
        return Found(citizen=citizen or 0)

    def _query(self, columns: Rows, view: str, filters: Filters) -> Rows:
        query = self._filtered(self._joined(columns), filters)
        if view == "closed":
            start, end = self.work.site.calendar.day_bounds(self.work.site.calendar.today(self._now))
            return query.where(
                Referral.closed_by_id == self.identity.user_id,
                Referral.closed_at >= start,
                Referral.closed_at < end,
                Referral.closed_how != "undone",
                visible(self.identity),
            )
        return query.where(in_kartable(self.identity), self._condition(view))

    @property
    def _now(self) -> datetime:
        return self.work.clock.now()

    @staticmethod
    def _joined(columns: Rows) -> Rows:
        return columns.select_from(Case).join(Referral, Referral.case_id == Case.id)

    def _condition(self, view: str) -> ColumnElement[bool]:
        persons = self.identity.deputy_for | {self.identity.user_id or 0}
        conditions: dict[str, ColumnElement[bool]] = {
            "all": true(),
            "new": Referral.read_at.is_(None),
            "mine": or_(Referral.to_user_id.in_(persons), Referral.taken_by_id.in_(persons)),
            "referred": Referral.from_unit_id.is_not(None),
            "overdue": and_(Case.deadline < self._now, Case.paused_at.is_(None)),
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
        calendar = self.work.site.calendar
        if filters.first_day:
            query = query.where(Case.created_at >= calendar.day_bounds(filters.first_day)[0])
        if filters.last_day:
            query = query.where(Case.created_at < calendar.day_bounds(filters.last_day)[1])
        if filters.citizen is not None:
            query = query.where(Case.citizen_id == filters.citizen, visible(self.identity, "contact"))
        return query.where(matches(filters.words)) if filters.words else query
