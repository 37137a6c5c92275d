"""Counting of uses in separate transactions, so that a refused form counts too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Executable, delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from civicportal.core.db import insert_into, short_transaction
from civicportal.core.limits.counters import LimitCounter, Use, counters, of_site
from civicportal.core.limits.errors import ChallengeNeeded, LimitExceeded
from civicportal.core.limits.models import LimitHit
from civicportal.core.limits.requesters import UNKNOWN, Requester
from civicportal.core.limits.table import DEFAULTS, LimitWindow
from civicportal.core.security_events import log_security_event

if TYPE_CHECKING:
    from civicportal.core.site import Site

LOOK_EVERY = timedelta(seconds=5)
"""How long a process caches which site-wide limits are reached; its own uses are known at once."""
MOST_PRESSURE = 4
"""Maximum number of doublings of a challenge's work."""


@dataclass(frozen=True)
class Alarm:
    """A used-up share of a site-wide limit.

    :ivar name: name of the limit.
    :ivar requesters: the class: "unknown", "challenged", "known", "citizen", or "everybody".
    :ivar used: uses in the window, including refused ones.
    :ivar hits: hits allowed in the window.
    :ivar since: when the window began.
    :ivar until: when it ends.
    """

    name: str
    requesters: str
    used: int
    hits: int
    since: datetime
    until: datetime


@dataclass(frozen=True)
class _Row:
    """A counter in its current window."""

    counter: LimitCounter
    key: str
    start: datetime

    @property
    def ends(self) -> datetime:
        return self.start + timedelta(seconds=self.counter.window.seconds)

    def values(self, n: int) -> dict[str, object]:
        return {"key": self.key, "window_start": self.start, "ends_at": self.ends, "n": n}


@dataclass(frozen=True)
class CountedUses:
    """Counted uses, for :meth:`Limits.take_back` to take back."""

    rows: tuple[_Row, ...] = ()


@dataclass(frozen=True)
class Allowance:
    """What is left of a limit.

    :ivar name: name of the limit.
    :ivar window: its window that ends the uses first.
    :ivar left: uses that are left in it.
    :ivar ends: when it ends.
    """

    name: str
    window: LimitWindow
    left: int
    ends: datetime


class Limits:
    """The limits of one site.

    :param settings: windows that the site overrides, as (hits, seconds) by name of the limit.
    """

    def __init__(self, site: "Site", settings: Mapping[str, Sequence[Sequence[int]]]) -> None:
        self._site = site
        own = {name: tuple(LimitWindow(*pair) for pair in pairs) for name, pairs in settings.items()}
        self._windows = self._of_file = {**DEFAULTS, **own}
        self._looked: tuple[datetime, tuple[Alarm, ...]] | None = None

    def replace(self, name: str, window: LimitWindow | None) -> None:
        """Replace the windows of a limit.

        :param window: the only one; None for those of the site's file.
        """
        windows = self._of_file[name] if window is None else (window,)
        if self._windows[name] != windows:
            self._windows = {**self._windows, name: windows}

    # -- counting -------------------------------------------------------------------------------------------

    def hit(self, name: str, *parts: object, by: Requester = UNKNOWN) -> CountedUses:
        """Count one use and commit it.

        :param parts: what the limit is counted by: a number, an address, a user id.
        :raises LimitExceeded: when any window was already full; the use still counts.
        """
        return self.count_uses((name, *parts), by=by)

    def count_uses(self, *uses: Use, by: Requester = UNKNOWN, same: Use | None = None) -> CountedUses:
        """Count uses of several limits in one statement and commit them.

        A refused use counts only against the limits that refuse it, so a single address cannot trigger a site-wide
        alarm, and a client slowed by a site-wide limit does not use up the limits of an account.

        :param by: the client; each class has separate counters.
        :param same: a limit that identifies this use, for instance by the key of a form: repeating the use adds to no
            other limit.
        :raises ChallengeNeeded: when an unknown client has to pass a challenge.
        :raises LimitExceeded: for the limit that stays full longest, when any window was already full.
        """
        rows = self._rows(uses, by)
        again = self._rows((same,), by) if same else []
        with short_transaction(self._site.engines) as connection:
            found = self._add(connection, rows + again)
            is_again = any(found[row.key] > 1 for row in again)
            asked = again if is_again else rows
            full = _that_refuse([row for row in asked if found[row.key] > row.counter.window.hits])
            back = [row for row in rows if is_again or (full and not _is_of(row, full))]
            self._take(connection, back)
        self._tell(row for row in full if found[row.key] == row.counter.window.hits + 1)
        self._refuse(full)
        return CountedUses(() if is_again else tuple(rows))

    def spend(self, *uses: Use, by: Requester = UNKNOWN) -> Allowance:
        """Count uses of several limits in one statement and commit them; return what is left of the tightest.

        :param by: the client.
        :raises LimitExceeded: for the limit that stays full longest, when any window was already full.
        """
        rows = self._rows(uses, by)
        with short_transaction(self._site.engines) as connection:
            found = self._add(connection, rows)
        self._refuse([row for row in rows if found[row.key] > row.counter.window.hits])
        tightest = min(rows, key=lambda row: row.counter.window.hits - found[row.key])
        window = tightest.counter.window
        return Allowance(tightest.counter.name, window, window.hits - found[tightest.key], tightest.ends)

    def full(self, error: LimitExceeded) -> Allowance:
        """Return what is left of a limit that is used up."""
        window = max(self._windows[error.name], key=lambda one: one.seconds)
        return Allowance(error.name, window, 0, error.retry_after)

    def take_back(self, hits: CountedUses) -> None:
        """Take back uses that turned out to be successful."""
        if hits.rows:
            with short_transaction(self._site.engines) as connection:
                self._take(connection, hits.rows)

    def give_back(self, name: str, *parts: object, by: Requester = UNKNOWN) -> None:
        """Take back one use of a limit in the current windows."""
        self.take_back(CountedUses(tuple(self._rows(((name, *parts),), by))))

    def check(self, name: str, *parts: object, by: Requester = UNKNOWN) -> None:
        """Refuse when the limit is used up, without counting.

        :raises LimitExceeded: when any window is full.
        """
        rows = self._rows(((name, *parts),), by)
        found = self._used(rows)
        self._refuse([row for row in rows if found.get(row.key, 0) >= row.counter.window.hits])

    def once(self, name: str, start: datetime, ends: datetime) -> bool:
        """Record a unique name; return whether it is new.

        :param name: random, 40 characters at most.
        :param start: when it was created; the same in each call.
        :param ends: when it expires.
        """
        row = {"key": f"once:{name}", "window_start": start, "ends_at": ends, "n": 1}
        with short_transaction(self._site.engines) as connection:
            return dict(connection.execute(_add(self._site.engines.dialect), [row]).all()).popitem()[1] == 1

    def sweep(self) -> None:
        """Delete the windows that have ended."""
        with short_transaction(self._site.engines) as connection:
            connection.execute(delete(LimitHit).where(LimitHit.ends_at < self._site.clock.now()))

    # -- site-wide limits -----------------------------------------------------------------------------------

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the site-wide limits that are reached now."""
        return tuple(alarm for alarm in self.usage() if alarm.used > alarm.hits)

    def usage(self) -> tuple[Alarm, ...]:
        """Return the use of site-wide limits in the current window by class of client, reached or not."""
        kinds = dict(of_site(self._windows))
        rows = [self._row(counter) for counter in kinds]
        found = self._used(rows)
        return tuple(
            Alarm(
                name=row.counter.name,
                requesters=kinds[row.counter],
                used=found.get(row.key, 0),
                hits=row.counter.window.hits,
                since=row.start,
                until=row.ends,
            )
            for row in rows
        )

    def slows_unknown(self, names: Iterable[str]) -> bool:
        """Return whether forms of unknown clients need a challenge, because one of these site-wide limits is reached.

        The result is cached for some seconds. Without a database it is False: sending the form is answered by the 503
        page.
        """
        now = self._site.clock.now()
        if self._looked is None or not timedelta(0) <= now - self._looked[0] < LOOK_EVERY:
            try:
                self._looked = (now, self.alarms())
            except (DBAPIError, PoolTimeout):
                return False
        alarms = self._looked[1]
        return any(one.name in names and one.requesters == "unknown" and now < one.until for one in alarms)

    def pressure(self, name: str) -> int:
        """Return how often the work of a challenge is doubled."""
        rows = [
            row
            for counter, kind in of_site(self._windows)
            if counter.name == name and kind == "challenged"
            for row in (self._row(counter),)
        ]
        found = self._used(rows)
        return max(
            (
                min(MOST_PRESSURE, found.get(row.key, 0) * MOST_PRESSURE // row.counter.window.hits)
                for row in rows
            ),
            default=0,
        )

    def _tell(self, rows: Iterable[_Row]) -> None:
        """Log the first use beyond a site-wide limit.

        Exactly one request of all processes is the first.
        """
        for row in rows:
            if row.counter.of_site:
                self._looked = None
                log_security_event(
                    "limit.site",
                    limit=row.counter.name,
                    requesters=row.counter.parts[0] if row.counter.parts else "everybody",
                    hits=row.counter.window.hits,
                    until=row.ends.isoformat(),
                )

    @staticmethod
    def _refuse(full: Sequence[_Row]) -> None:
        for beyond, error in (("refuse", LimitExceeded), ("challenge", ChallengeNeeded)):
            of_kind = [row for row in full if row.counter.beyond == beyond]
            if of_kind:
                last = max(of_kind, key=lambda row: row.ends)
                log_security_event("limit.hit", limit=last.counter.name, answer=beyond)
                raise error(last.counter.name, last.ends)

    # -- rows -----------------------------------------------------------------------------------------------

    def _rows(self, uses: Iterable[Use], by: Requester) -> list[_Row]:
        found = {self._row(counter) for use in uses for counter in counters(use, by, self._windows)}
        # In the order of their keys, so that two requests never deadlock.
        return sorted(found, key=lambda row: row.key)

    def _row(self, counter: LimitCounter) -> _Row:
        now, seconds = self._site.clock.now(), counter.window.seconds
        start = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)
        # The table contains numbers and addresses as keyed hashes only.
        mac = self._site.keys.mac("limits", *counter.parts).hex()[:32]
        return _Row(counter, f"{counter.name}:{mac}:{seconds}", start)

    def _used(self, rows: Sequence[_Row]) -> dict[str, int]:
        starts = {row.key: row.start for row in rows}
        query = select(LimitHit.key, LimitHit.window_start, LimitHit.n).where(LimitHit.key.in_(starts))
        with self._site.engines.read.connect() as connection:
            return {key: n for key, start, n in connection.execute(query) if start == starts[key]}

    def _add(self, connection: Connection, rows: Sequence[_Row]) -> dict[str, int]:
        if not rows:
            return {}
        values = [row.values(1) for row in sorted(rows, key=lambda row: row.key)]
        return dict(connection.execute(_add(self._site.engines.dialect), values).all())

    def _take(self, connection: Connection, rows: Sequence[_Row]) -> None:
        if rows:
            connection.execute(_take(self._site.engines.dialect), [row.values(0) for row in rows])


def _that_refuse(full: Sequence[_Row]) -> list[_Row]:
    """Return the full counters, which refuse a use."""
    refusing = [row for row in full if row.counter.beyond != "slow"]
    return [row for row in refusing if not row.counter.of_site] or refusing


def _is_of(row: _Row, refusing: Sequence[_Row]) -> bool:
    """Return whether a counter belongs to a refusing limit."""
    counter = row.counter
    return any((counter.name, counter.parts) == (one.counter.name, one.counter.parts) for one in refusing)


@cache
def _add(dialect: str) -> Executable:
    # Built and compiled once, because the values are parameters.
    statement = insert_into(dialect, LimitHit.__table__)
    found = statement.on_conflict_do_update(
        index_elements=["key", "window_start"], set_={"n": LimitHit.n + 1}
    )
    return found.returning(LimitHit.key, LimitHit.n)


@cache
def _take(dialect: str) -> Executable:
    statement = insert_into(dialect, LimitHit.__table__)
    return statement.on_conflict_do_update(
        index_elements=["key", "window_start"], set_={"n": LimitHit.n - 1}, where=LimitHit.n > 0
    ).returning(LimitHit.key)
