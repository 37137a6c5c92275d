"""The cases of the units that a person heads, by holder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import ColumnElement, and_, exists, false, func, select, true, union
from sqlalchemy.util import memoized_property
from translationstring import TranslationString

from civicportal.core.work import Service
from civicportal.domain.accounts.models import Deputy, User
from civicportal.domain.cases.access.rights import in_led_units, led_units
from civicportal.domain.cases.access.sql import ADDRESSED, JOB, held_by, unassigned
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import TEAM, HolderOptions
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.counters import ACTION
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.inbox import EVERYWHERE, VIEWS, InboxQuery, InboxService
from civicportal.domain.kartable.partitions import OTHER
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.util.persian import alphabetical, key
from civicportal.util.queries import Rows
from civicportal.web.schema import Option, whole_number

if TYPE_CHECKING:
    from civicportal.core.work import Work

PAGE_SIZE = 100
"""Officers of a page: a head of a unit sees all, an administrator of a large city has a thousand and more."""
WEEK = "week"
TEAM_VIEWS = {
    **{
        name: VIEWS[name]
        for name in (
            "all",
            "new",
            "overdue",
            "reopened",
            "returned",
            "jobs_ended",
            "asked",
            "contracted",
            "waiting",
        )
    },
    WEEK: _("Done this week"),
}
TEAM_SORTS = {"overdue": _("Most overdue cases"), "all": _("Most open cases")}
"""Orders of the list of a team besides that by name: the numbers of :class:`Load` by which it is sorted."""
_HOLDER = func.coalesce(Referral.taken_by_id, Referral.to_user_id)
BESIDES = (*ADDRESSED, JOB)
TYPES = ("action", *BESIDES)
_OPEN = Referral.closed_at.is_(None)


@dataclass(frozen=True, kw_only=True)
class Officer:
    """A person who works for the units of a head, or holds one of their cases.

    :ivar units: ids of the led units to which they belong; empty for others.
    """

    user_id: int
    name: str
    units: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Load:
    """Numbers of cases of a holder, each that of a view of :data:`TEAM_VIEWS`.

    :ivar all: open cases.
    :ivar week: cases closed this week.
    :ivar addressed: open inquiries, copies and jobs.
    """

    all: int = 0
    addressed: int = 0
    overdue: int = 0
    waiting: int = 0
    week: int = 0


@dataclass(frozen=True, kw_only=True)
class TeamRow:
    """A holder and their load.

    :ivar holder: value of the filter by holder.
    :ivar officer: None for the cases that no one holds.
    :ivar units: names of their led units.
    :ivar deputies: names of those who represent them today.
    """

    holder: str
    officer: Officer | None
    load: Load
    units: tuple[str, ...] = ()
    deputies: tuple[str, ...] = ()

    @property
    def away(self) -> bool:
        """Return whether a deputy represents them today."""
        return bool(self.deputies)


@dataclass(frozen=True, kw_only=True)
class TeamPage:
    """A page of the list of a team.

    :ivar number: from 1.
    :ivar pages: how many there are.
    :ivar officers: how many there are on all pages.
    :ivar open_cases: of the whole team, whatever is searched.
    """

    rows: list[TeamRow]
    number: int
    pages: int
    officers: int
    open_cases: int


class TeamInbox(InboxService):
    """Read the cases of the units that the actor heads, by the filter ``holder``."""

    views: ClassVar[Mapping[str, TranslationString]] = TEAM_VIEWS
    done = WEEK

    def _partitions(self, view: str, filters: InboxQuery) -> list[ColumnElement[bool]]:
        return [
            and_(self._conditions[view], self._held(filters.holder), *self._narrowed(filters, Referral)),
        ]

    def _query(self, columns: Rows, view: str, filters: InboxQuery) -> Rows:
        if view == EVERYWHERE:
            return super()._query(columns, view, filters).where(self._held(filters.holder))
        query = self._filtered(self._joined(columns), filters)
        if view == WEEK:
            return query.where(done_since(self.week_start), self._closed_by(filters.holder))
        return query.where(self._conditions[view], self._held(filters.holder))

    @property
    def week_start(self) -> datetime:
        """Return the first moment of this week."""
        calendar = self.work.site.calendar
        today = calendar.today(self._now)
        return calendar.day_bounds(today - timedelta(days=calendar.week.index(today.weekday())))[0]

    def _held(self, holder: str | None) -> ColumnElement[bool]:
        """Return the condition for open referrals of a holder in the led units."""
        return and_(in_led_units(self.identity), _OPEN, _held_by(holder))

    def _closed_by(self, holder: str | None) -> ColumnElement[bool]:
        return and_(in_led_units(self.identity), _closed_by(holder))

    def loads(self) -> dict[int | None, Load]:
        """Return the load of every holder by user id, in two statements.

        None stands for no one.
        """
        running = [
            func.count().filter(ACTION, self._conditions[name]) for name in ("all", "overdue", "waiting")
        ]
        holder, led = _HOLDER.label("holder"), in_led_units(self.identity, types=TYPES)
        held = select(holder, *running, func.count().filter(Referral.type.in_(BESIDES))).where(led, _OPEN)
        closed = self._joined(select(Referral.closed_by_id, func.count())).where(
            done_since(self.week_start), in_led_units(self.identity)
        )
        done: dict[int | None, int] = dict(self.session.execute(closed.group_by(Referral.closed_by_id)).all())
        found: dict[int | None, Load] = {
            row[0]: Load(
                all=row[1], overdue=row[2], waiting=row[3], addressed=row[4], week=done.pop(row[0], 0)
            )
            for row in self.session.execute(held.group_by(holder))
        }
        return {**{user_id: Load(week=number) for user_id, number in done.items()}, **found}


class TeamService(Service):
    """The officers of the units that the actor heads, and what they hold."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.organization = work.get(OrganizationService)
        self.units = led_units(work.actor)

    @property
    def leads(self) -> bool:
        """Return whether the actor heads any unit."""
        return self.units is None or bool(self.units)

    @memoized_property
    def members(self) -> list[Officer]:
        """Return the active members of the led units who may work on cases of any kind, without a query."""
        if not self.leads:
            return []
        custody = self.work.get(CustodyService)
        names: dict[int, str] = {}
        units: dict[int, list[int]] = {}
        for unit_id in self.organization.units.by_id if self.units is None else sorted(self.units):
            for user_id, name in custody.officers(unit_id).items():
                names[user_id] = name
                units.setdefault(user_id, []).append(unit_id)
        return _in_order(
            Officer(user_id=id_, name=name, units=tuple(units[id_])) for id_, name in names.items()
        )

    @memoized_property
    def officers(self) -> list[Officer]:
        """Return the members and the other holders of cases of the led units, by name."""
        if not self.leads:
            return []
        held = (in_led_units(self.work.actor, types=TYPES), _OPEN)
        holders = union(
            select(Referral.taken_by_id).where(*held, Referral.taken_by_id.is_not(None)),
            select(Referral.to_user_id).where(*held, Referral.to_user_id.is_not(None)),
        )
        known = [one.user_id for one in self.members]
        query = select(User.id, User.name).where(User.id.in_(holders), User.id.not_in(known))
        others = [Officer(user_id=user_id, name=name) for user_id, name in self.session.execute(query)]
        return _in_order([*self.members, *others])

    def options(self, chosen: str = "") -> HolderOptions:
        """Return the options of a filter by holder, none for people who head no unit.

        :param chosen: the value of the filter, which may be an officer who is no longer a member.
        """
        if not self.leads:
            return HolderOptions([], lambda _user_id: False)
        names = {str(one.user_id): one.name for one in self.members}
        user_id = whole_number(chosen)
        # Without a chosen officer no statement is needed.
        if user_id and chosen not in names and (officer := self.officer(user_id)):
            names[chosen] = officer.name
        options = [
            Option(value=TEAM, label=_("Everyone in my units")),
            Option(value=Option.NONE, label=_("Not taken")),
            *(Option(value=value, label=name) for value, name in names.items()),
        ]
        return HolderOptions(options, lambda user_id: self.officer(user_id) is not None)

    def rows(self) -> list[TeamRow]:
        """Return the load of the cases that no one holds, then that of each officer.

        The number of statements does not depend on the number of officers.
        """
        return self._rows(self.officers)

    def page(self, number: int, *, name: str = "", sort: str | None = None) -> TeamPage:
        """Return a page of :meth:`rows`; the cases that no one holds are on each, unless a name is searched.

        :param number: from 1; the nearest page that there is answers for another.
        :param name: words, each of which is part of the name.
        :param sort: one of :data:`TEAM_SORTS`, largest first; None sorts by name.
        """
        officers = [one for one in self.officers if _is_called(one.name, name)]
        if sort:
            # Equal ones stay in the order of their names.
            officers.sort(key=lambda one: getattr(self.load(one.user_id), sort), reverse=True)
        pages = max(1, -(-len(officers) // PAGE_SIZE))
        number = min(max(number, 1), pages)
        rows = self._rows(officers[(number - 1) * PAGE_SIZE : number * PAGE_SIZE])
        return TeamPage(
            rows=rows[1:] if name else rows,
            number=number,
            pages=pages,
            officers=len(officers),
            open_cases=sum(load.all for load in self._loads.values()),
        )

    def _rows(self, officers: Sequence[Officer]) -> list[TeamRow]:
        deputies = self._deputies(one.user_id for one in officers)
        return [
            TeamRow(holder=Option.NONE, officer=None, load=self._loads.get(None, Load())),
            *(
                TeamRow(
                    holder=str(one.user_id),
                    officer=one,
                    load=self._loads.get(one.user_id, Load()),
                    units=tuple(self.organization.unit_name(unit_id) for unit_id in one.units),
                    deputies=tuple(deputies.get(one.user_id, ())),
                )
                for one in officers
            ),
        ]

    def officer(self, user_id: int) -> Officer | None:
        """Return an officer by user id, None for anyone else."""
        return next((one for one in self.officers if one.user_id == user_id), None)

    def recipients(self, user_id: int) -> list[Officer]:
        """Return the members to whom the cases, inquiries, copies and jobs of an officer can be assigned.

        They belong to the units in which these are: an assignment does not change the unit.
        """
        led = in_led_units(self.work.actor, types=TYPES)
        units = set(
            self.session.scalars(select(Referral.to_unit_id).where(led, _OPEN, held_by(user_id)).distinct())
        )
        return [one for one in self.members if one.user_id != user_id and not units.isdisjoint(one.units)]

    def load(self, user_id: int) -> Load:
        """Return the load of one officer."""
        return self._loads.get(user_id, Load())

    @memoized_property
    def _loads(self) -> dict[int | None, Load]:
        return self.work.get(TeamInbox).loads() if self.leads else {}

    def codes(self, user_id: int, view: str, most: int) -> list[str]:
        """Return the codes of cases that an officer holds, nearest deadline first.

        :param view: one of :data:`TEAM_VIEWS`.
        """
        query = self.work.get(TeamInbox).query(view, InboxQuery(holder=str(user_id)), Case.code)
        return list(self.session.scalars(query.order_by(Case.deadline, Case.id).limit(most)))

    def addressed_codes(self, user_id: int, most: int) -> list[str]:
        """Return the codes of cases of which an officer has an open inquiry, copy or job."""
        led = in_led_units(self.work.actor, types=BESIDES)
        query = select(Case.code).join(Referral, Referral.case_id == Case.id)
        found = query.where(led, _OPEN, held_by(user_id)).distinct().order_by(Case.code)
        return list(self.session.scalars(found.limit(most)))

    def _deputies(self, user_ids: Iterable[int]) -> dict[int, list[str]]:
        """Return the names of today's deputies by the user id of the absent person."""
        today = self.work.site.calendar.today(self.work.clock.now())
        query = (
            select(Deputy.absent_id, User.name)
            .join(User, User.id == Deputy.deputy_id)
            .where(Deputy.absent_id.in_(list(user_ids)), Deputy.first_day <= today, Deputy.last_day >= today)
            .order_by(Deputy.id)
        )
        found: dict[int, list[str]] = {}
        for absent_id, name in self.session.execute(query):
            found.setdefault(absent_id, []).append(name)
        return found


def _in_order(officers: Iterable[Officer]) -> list[Officer]:
    return sorted(officers, key=lambda one: (alphabetical(one.name), one.user_id))


def _is_called(name: str, words: str) -> bool:
    """Return whether each of some words is part of a name, however either is spelled."""
    letters = key(name).replace(" ", "")
    return all(word in letters for word in key(words).split())


def inbox_of(work: "Work", filters: InboxQuery) -> InboxService:
    """Return the service that reads a list.

    The list is the kartable, or, with a holder, the cases of the led units.
    """
    return work.get(TeamInbox if filters.holder else InboxService)


def _held_by(holder: str | None) -> ColumnElement[bool]:
    if holder == TEAM:
        return true()
    if holder == Option.NONE:
        return unassigned(Referral)
    return held_by(int(holder or 0))


def _closed_by(holder: str | None) -> ColumnElement[bool]:
    if holder == TEAM:
        return true()
    return false() if holder == Option.NONE else Referral.closed_by_id == int(holder or 0)


def done_since(start: datetime) -> ColumnElement[bool]:
    """Return the condition for the referral by which a case was closed since a time and still is.

    It is for ``Referral`` joined with ``Case``.
    """
    later = select(OTHER.id).where(
        OTHER.case_id == Referral.case_id, OTHER.type == "action", OTHER.id > Referral.id
    )
    return and_(
        Case.closed_at >= start,
        Referral.type == "action",
        Referral.closed_how == "acted",
        ~exists(later).correlate(Referral),
    )
