"""The inbox: saved views with counts, filters, and search."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.util import memoized_property
from translationstring import TranslationString

from civicportal.core.db import UTCDateTime
from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.cases.access.rights import in_kartable, visible
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import CaseFilters
from civicportal.domain.cases.paging import PAGE_SIZE, SORTS, Page, PageWindow
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search import CaseSearch
from civicportal.domain.cases.workflow import OPEN_STAGES
from civicportal.domain.kartable.partitions import (
    OTHER,
    has_earlier,
    limited_union,
    one_per_case,
    own_partitions,
    unit_partitions,
)
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.util.lists import MOST_COUNTED, Total, capped_total, count_rows, more_than, within_days
from civicportal.util.queries import Rows, Selected

if TYPE_CHECKING:
    from civicportal.core.work import Work

VIEWS = {
    "all": _("All open"),
    "new": _("New"),
    "mine": _("In my hands"),
    "referred": _("Referred to me"),
    "overdue": _("Overdue"),
    "reopened": _("Opened again"),
    "returned": _("Returned to me"),
    "jobs_ended": _("Back from its jobs"),
    "asked": _("Waiting for another unit"),
    "contracted": _("Answered by a contractor"),
    "waiting": _("Waiting for the citizen"),
    "closed": _("Closed today"),
}
OCCASIONAL = frozenset({"reopened", "returned", "jobs_ended", "asked", "contracted"})
"""Views that are offered only while they have a case."""
MOMENTS = {
    "deadline": Referral.deadline,
    "newest": Referral.sent_at,
    "oldest": Referral.sent_at,
    "updated": Referral.changed_at,
}
"""Columns of open referrals that hold the sort keys of cases."""
MOST_BUILT = 60
"""Queries kept by a process, two for each set of memberships and one for each of their other views; some 200 kB each."""
EVERYWHERE = "everywhere"
"""View of a search: every case the user may see, in any kartable. It has no counter."""


def sorts_of(view: str, kind: str | None = None) -> Sequence[str]:
    """Return the names of a view's sort orders, default first.

    Cases of all kinds have an index by registration time only; and the earliest deadlines of all cases
    are those of cases closed long ago.

    :param kind: name of the only kind that is listed.
    """
    if view != EVERYWHERE:
        return tuple(SORTS)
    return ("newest", "oldest", "deadline", "updated") if kind else ("newest", "oldest")


@dataclass(frozen=True, kw_only=True)
class InboxQuery:
    """Filters of a view; every field may be empty.

    :ivar holder: if set, the cases of the led units are listed instead of the kartable: those held by this user id, by
        anyone or by no one, see :class:`~civicportal.domain.kartable.team.TeamInbox`.
    :ivar more: filters of the lists of services, which only the columns of a case answer.
    """

    kind: str | None = None
    status: str | None = None
    category: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    words: str = ""
    citizen: int | None = None
    holder: str | None = None
    more: CaseFilters | None = None


@dataclass(frozen=True, kw_only=True)
class InboxCounts:
    """Numbers on a page of the kartable.

    :ivar views: number of rows by the name of the view.
    :ivar newest: id of the newest referral of all; later ones are news.
    """

    views: Mapping[str, Total]
    newest: int


class _Built:
    """The queries of kartables that this process has built."""

    def __init__(self) -> None:
        self.queries: dict[tuple[type, tuple[str, ...], Identity], Rows] = {}


class InboxService(Service):
    """Read a kartable.

    A case appears once in a view, however many of its referrals match.

    :cvar views: titles of the views by name, default first.
    :cvar done: name of the view of closed cases.
    """

    views: ClassVar[Mapping[str, TranslationString]] = VIEWS
    done: ClassVar[str] = "closed"

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.identity = work.actor

    def page(
        self,
        view: str,
        filters: InboxQuery,
        *,
        sort: str = "",
        cursor: str | None = None,
        size: int = PAGE_SIZE,
    ) -> Page:
        """Return one page of (case, referral) rows.

        The referral is None for a closed case of a search.

        :param view: one of :attr:`views`, or ``EVERYWHERE``.
        :param sort: name of one of :func:`sorts_of`; anything else is the first of them.
        :param size: rows, at most 100.
        :raises KeyError: for a view that does not exist.
        """
        since = self.work.site.calendar.begin(filters.first_day)
        offered = sorts_of(view, filters.kind)
        window = PageWindow(SORTS[sort if sort in offered else offered[0]], cursor, size, since=since)

        def rows() -> Rows:
            if self._is_partitioned(view, filters):
                return self._first(window, self._partitions(view, filters))
            return window.narrow(self._query(select(Case, Referral), view, filters))

        usual = not cursor and size == PAGE_SIZE
        query = self._kept((view, window.sort.name), filters, rows) if usual else rows()
        return window.page(self.session.execute(query, self._moments).all())

    def query(self, view: str, filters: InboxQuery, *columns: Selected) -> Rows:
        """Return a query for columns of a view's cases and referrals."""
        return self._query(select(*columns), view, filters)

    def counts(self, filters: InboxQuery) -> InboxCounts:
        """Return the number of rows of each view, and the newest referral.

        At most :data:`~civicportal.util.lists.MOST_COUNTED` referrals are examined: a larger kartable has more rows
        than counted.
        """
        query = self._kept(("counts",), filters, lambda: self._numbers(filters))
        found = dict(self.session.execute(query, self._moments).one()._mapping)
        newest = found.pop("newest") or 0
        done = capped_total(found.pop(self.done), MOST_COUNTED)
        total = Total if found["all"] <= MOST_COUNTED else more_than
        views = {**{name: total(number) for name, number in found.items()}, self.done: done}
        return InboxCounts(views=views, newest=newest)

    def _numbers(self, filters: InboxQuery) -> Rows:
        """Return the query for the numbers of :meth:`counts`."""
        names = [name for name in self.views if name != self.done]
        columns = [self._conditions[name].label(name) for name in names]
        some = self._some(columns, filters).subquery()
        sums = [func.count().filter(some.c[name]).label(name) for name in names]
        closed = self._query(select(Case.id), self.done, filters).limit(MOST_COUNTED + 1).subquery()
        sums.append(select(func.count()).select_from(closed).scalar_subquery().label(self.done))
        sums.append(select(func.max(Referral.id)).scalar_subquery().label("newest"))
        return select(*sums).select_from(some)

    def _kept(self, name: tuple[str, ...], filters: InboxQuery, build: Callable[[], Rows]) -> Rows:
        """Return a query of a kartable without filters, built once per process and set of memberships.

        Building it takes longer than executing it. Its parameters are :attr:`_moments`.
        """
        if filters != InboxQuery():
            return build()
        built = self.work.site.cache.of(_Built).queries
        key = (type(self), name, self.identity.scope_key)
        found = built.get(key)
        if found is None:
            if len(built) >= MOST_BUILT:
                built.clear()
            found = built[key] = build()
        return found

    def total(self, view: str, filters: InboxQuery) -> Total:
        """Return the number of rows of a view, including :data:`EVERYWHERE`."""
        return count_rows(self.session, self._query(select(Case.id), view, filters))

    # -- partitions, see civicportal.domain.kartable.partitions -------------------------------------------

    def _is_partitioned(self, view: str, filters: InboxQuery) -> bool:
        """Return whether the referrals alone answer the query."""
        apart = filters.words or filters.citizen is not None or filters.more is not None
        return view not in (self.done, EVERYWHERE) and not apart

    def _partitions(self, view: str, filters: InboxQuery) -> list[ColumnElement[bool]]:
        """Return the conditions of the partitions of a view."""
        asked = and_(self._conditions[view], self._one_per_case)
        narrowed = list(self._narrowed(filters, Referral))
        found = _all_with(own_partitions(self.identity), asked, *narrowed)
        if view != "mine":
            of_units = [partition.condition for partition in unit_partitions(self.identity)]
            found += _all_with(of_units, asked, *narrowed)
        return found

    @staticmethod
    def _first(window: PageWindow, conditions: list[ColumnElement[bool]]) -> Rows:
        """Return the query for the first cases with their referrals."""
        key = (MOMENTS[window.sort.name], Referral.case_id)
        some = [window.narrow(select(Referral.id).where(part), *key).subquery() for part in conditions]
        ids = union_all(*(select(part.c.id) for part in some)) if some else select(null())
        query = select(Case, Referral).join(Referral, Referral.case_id == Case.id)
        return window.narrow(query.where(Referral.id.in_(ids)))

    def _some(self, columns: list[Any], filters: InboxQuery) -> Any:
        """Return a query for referrals, up to the maximum."""
        if not self._is_partitioned("all", filters):
            return self._query(select(*columns), "all", filters).limit(MOST_COUNTED + 1)
        return limited_union(self._partitions("all", filters) or [false()], *columns)

    # -- referrals with their cases ------------------------------------------------------------------------------

    def _query(self, columns: Rows, view: str, filters: InboxQuery) -> Rows:
        if view == EVERYWHERE:
            return self._filtered(self._with_holder(columns), filters).where(
                visible(self.identity, walked=True)
            )
        query = self._filtered(self._joined(columns), filters)
        if view == self.done:
            return query.where(self._last_closed_today(), visible(self.identity, walked=True))
        return query.where(self._conditions[view], self._one_per_case, in_kartable(self.identity))

    @property
    def _now(self) -> datetime:
        return self.work.clock.now()

    @memoized_property
    def _moments(self) -> Mapping[str, datetime]:
        """Return the parameters by which a query differs from the same one of another time."""
        calendar = self.work.site.calendar
        start, end = calendar.day_bounds(calendar.today(self._now))
        return {"present": self._now, "today": start, "tomorrow": end}

    def _moment(self, name: str) -> BindParameter[datetime]:
        return bindparam(name, self._moments[name], type_=UTCDateTime())

    @staticmethod
    def _joined(columns: Rows) -> Rows:
        return columns.select_from(Case).join(Referral, Referral.case_id == Case.id)

    @staticmethod
    def _with_holder(columns: Rows) -> Rows:
        holds = and_(Referral.case_id == Case.id, Referral.type == "action", Referral.closed_at.is_(None))
        return columns.select_from(Case).outerjoin(Referral, holds)

    @property
    def _one_per_case(self) -> ColumnElement[bool]:
        # A separate object per statement: SQLAlchemy stores options in the compiled statement, so a shared one
        # would be compiled and cached twice.
        return one_per_case(self.identity)

    def _last_closed_today(self) -> ColumnElement[bool]:
        start, end = self._moment("today"), self._moment("tomorrow")

        def mine(referral: type[Referral]) -> ColumnElement[bool]:
            # Not a column expression, or the index would be scanned for each referral of the person.
            by = referral.closed_by_id + 0 if referral is OTHER else referral.closed_by_id
            return and_(by == self.identity.user_id, referral.closed_at >= start, referral.closed_at < end)

        return and_(mine(Referral), ~has_earlier(mine(OTHER)))

    @memoized_property
    def _conditions(self) -> Mapping[str, ColumnElement[bool]]:
        """Return the conditions of the views on a referral."""
        persons = self.identity.deputy_for | {self.identity.user_id or 0}
        running = and_(Referral.paused_at.is_(None), Referral.stage.in_(OPEN_STAGES))
        return {
            "all": true(),
            "new": Referral.read_at.is_(None),
            "mine": or_(Referral.to_user_id.in_(persons), Referral.taken_by_id.in_(persons)),
            "referred": Referral.from_unit_id.is_not(None),
            "overdue": and_(Referral.deadline < self._moment("present"), running),
            "reopened": and_(Referral.reopened, Referral.stage.in_(OPEN_STAGES)),
            "returned": Referral.returned.is_(True),
            "jobs_ended": Referral.jobs_ended.is_(True),
            "asked": Referral.asked.is_(True),
            "contracted": Referral.contracted.is_(True),
            "waiting": Referral.paused_at.is_not(None),
        }

    def _narrowed(
        self, filters: InboxQuery, of: type[Case] | type[Referral]
    ) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions of the filters."""
        if filters.kind:
            yield of.kind == filters.kind
        if filters.status:
            yield of.status == filters.status
        if filters.category:
            tree = self.work.get(OrganizationService).categories
            ids = tree.subtree(filters.category) if filters.category in tree.by_id else frozenset({0})
            yield of.category_id.in_(ids)
        sent = Referral.sent_at if of is Referral else Case.created_at
        yield within_days(sent, self.work.site.calendar, filters.first_day, filters.last_day)

    def _filtered(self, query: Rows, filters: InboxQuery) -> Rows:
        query = query.where(*self._narrowed(filters, Case))
        if filters.more is not None:
            query = query.where(*filters.more.conditions(self.work))
        if filters.citizen is not None:
            query = query.where(Case.citizen_id == filters.citizen, visible(self.identity, "contact"))
        return (
            query.where(self.work.get(CaseSearch).matches(filters.words, filters.kind or ""))
            if filters.words
            else query
        )


def _all_with(
    partitions: Iterable[ColumnElement[bool]], *conditions: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    both = and_(*conditions)
    return [and_(part, both) for part in partitions]
