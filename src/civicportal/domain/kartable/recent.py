"""The units and people to whom an officer has referred cases last, which forms offer first."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.kartable.types import ASSIGNED, SPLIT

MOST_UNITS, MOST_PEOPLE = 5, 8
SENT = ("referred", "copied", "inquiry", SPLIT, ASSIGNED)
"""Types of events that name an addressee."""
_READ = 60
"""Events of the officer that are read."""
_FRESH = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class RecentAddressees:
    """Ids of units and people, latest first."""

    units: tuple[int, ...] = ()
    people: tuple[int, ...] = ()


@dataclass
class _Memory:
    """The addressees of each officer, with the time at which they were read."""

    by_officer: dict[int, tuple[datetime, RecentAddressees]] = field(default_factory=dict)


class RecentAddresseeService(Service):
    """Read whom the actor addressed last, at most every two minutes."""

    def read(self) -> RecentAddressees:
        """Return the addressees of the actor's latest referrals, copies, inquiries, jobs and assignments."""
        user_id, now = self.work.actor.user_id, self.work.clock.now()
        if user_id is None:
            return RecentAddressees()
        memory = self.work.site.cache.of(_Memory).by_officer
        known = memory.get(user_id)
        if known is None or not known[0] <= now < known[0] + _FRESH:
            known = memory[user_id] = (now, self._read(user_id))
        return known[1]

    def remember(self, unit_id: int | None, user_id: int | None) -> None:
        """Put an addressee first in what this process has read."""
        memory, me = self.work.site.cache.of(_Memory).by_officer, self.work.actor.user_id or 0
        if me not in memory:
            return
        read_at, before = memory[me]
        units = dict.fromkeys((unit_id, *before.units)) if unit_id else before.units
        people = dict.fromkeys((user_id, *before.people)) if user_id not in (None, me) else before.people
        latest = RecentAddressees(units=tuple(units)[:MOST_UNITS], people=tuple(people)[:MOST_PEOPLE])
        memory[me] = (read_at, latest)

    def _read(self, user_id: int) -> RecentAddressees:
        query = select(CaseEvent.type, CaseEvent.data).where(
            CaseEvent.actor_id == user_id, CaseEvent.type.in_(SENT)
        )
        events = self.session.execute(query.order_by(CaseEvent.id.desc()).limit(_READ)).all()
        # The data of an erased case names no one; an assignment stays in its unit.
        sent = (data for type_, data in events if type_ != ASSIGNED)
        units = (unit_id for data in sent for unit_id in (*data.get("units", ()), data.get("unit_id")))
        people = (data.get("user_id") for _type, data in events if data.get("user_id") != user_id)
        return RecentAddressees(
            units=tuple(dict.fromkeys(filter(None, units)))[:MOST_UNITS],
            people=tuple(dict.fromkeys(filter(None, people)))[:MOST_PEOPLE],
        )
