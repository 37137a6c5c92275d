"""Rate limits, counted in the database and committed on their own, so that a refused form still counts.

The numbers are those of ``docs/security/limits.md``; a site changes single ones in its ``[limits]`` table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, String, delete, select, update
from sqlalchemy.orm import Mapped

from civicportal.db import Base, insert_into, short_transaction, tagged
from civicportal.errors import CivicportalError

if TYPE_CHECKING:
    from civicportal.site import Site


class LimitHit(Base):
    """Hits on one key in one window of time."""

    __tablename__ = "limit_hits"

    key: Mapped[str] = tagged(String(120), primary_key=True)
    window_start: Mapped[datetime] = tagged(primary_key=True)
    ends_at: Mapped[datetime] = tagged(index=True)
    n: Mapped[int] = tagged(Integer)


class TooMany(CivicportalError):
    """A limit is used up (answered as 429).

    :ivar retry_after: when the window ends.
    """

    def __init__(self, name: str, retry_after: datetime) -> None:
        super().__init__(f"the limit {name!r} is used up until {retry_after.isoformat()}")
        self.name = name
        self.retry_after = retry_after


Use = tuple[str, *tuple[object, ...]]
"""Name of a limit, and what it is counted by."""


@dataclass(frozen=True)
class Window:
    """So many hits in so many seconds."""

    hits: int
    seconds: int


_MINUTE, _HOUR, _DAY = 60, 3600, 86400

#: Sources: OWASP ASVS 5 chapters 2.4 and 6.3, NIST SP 800-63B §5.2.2; the numbers are ours.
DEFAULTS: dict[str, tuple[Window, ...]] = {
    "otp_send_number": (Window(1, _MINUTE), Window(3, 10 * _MINUTE), Window(10, _DAY)),
    "otp_send_known": (Window(1, _MINUTE), Window(3, 10 * _MINUTE), Window(10, _DAY)),
    "otp_send_address": (Window(60, 10 * _MINUTE),),
    "otp_send_network": (Window(300, 10 * _MINUTE),),
    "otp_send_site": (Window(5000, _DAY),),
    "otp_verify_staff": (Window(5, 5 * _MINUTE), Window(20, _HOUR), Window(50, _DAY)),
    "otp_verify_address": (Window(30, 5 * _MINUTE), Window(200, _HOUR)),
    "otp_verify_site": (Window(200, 5 * _MINUTE),),
    "track_code": (Window(5, _HOUR), Window(20, _DAY)),
    "track_address": (Window(20, 10 * _MINUTE),),
    "track_site": (Window(300, _HOUR),),
    "password_user": (Window(10, 5 * _MINUTE),),
    "password_device": (Window(10, 5 * _MINUTE),),
    "password_address": (Window(10, 5 * _MINUTE),),
    "password_site": (Window(1000, 5 * _MINUTE),),
    "mobile_change": (Window(3, _DAY),),
    "identity_person": (Window(3, _HOUR), Window(5, _DAY)),
    "identity_code": (Window(5, _DAY),),
    "identity_site": (Window(2000, _DAY),),
    "reveal_officer": (Window(30, _HOUR), Window(100, _DAY)),
    "export_person": (Window(5, _DAY),),
    "export_officer": (Window(30, _HOUR), Window(200, _DAY)),
    "export_print": (Window(60, _HOUR), Window(400, _DAY)),
    "export_numbers": (Window(3, _HOUR), Window(10, _DAY)),
    "submit_citizen": (Window(10, _HOUR), Window(30, _DAY)),
    "submit_address": (Window(60, _HOUR),),
    "upload_owner": (Window(60, _HOUR),),
    "upload_address": (Window(300, _HOUR),),
    "inbound_sender": (Window(10, _HOUR), Window(30, _DAY)),
}


class Limits:
    """The limits of one site.

    :param settings: of the site, instead of what is usual: by the name of a limit its windows as (hits, seconds).
    """

    def __init__(self, site: "Site", settings: Mapping[str, Sequence[Sequence[int]]]) -> None:
        self._site = site
        own = {name: tuple(Window(*pair) for pair in pairs) for name, pairs in settings.items()}
        self._windows = {**DEFAULTS, **own}

    def hit(self, name: str, *parts: object) -> None:
        """Count one use and commit it.

        :param parts: what the limit is counted by: a number, an address, a user id.
        :raises TooMany: when any window was already full; the use still counts.
        """
        self.hit_all((name, *parts))

    def hit_all(self, *uses: Use) -> None:
        """Count uses of several limits in one statement and commit them; no two of the same.

        :raises TooMany: of the limit that is full for longest, when any window was already full; all still count.
        """
        counted = {key: (name, window, start) for key, name, window, start in self._rows(uses)}
        with short_transaction(self._site.engines) as connection:
            found = dict(connection.execute(_count(self._site.engines.dialect), self._sorted(counted)).all())
        full = [
            (start + timedelta(seconds=window.seconds), name)
            for key, (name, window, start) in counted.items()
            if found[key] > window.hits
        ]
        if full:
            ends, name = max(full)
            raise TooMany(name, ends)

    def _rows(self, uses: tuple[Use, ...]) -> Iterator[tuple[str, str, Window, datetime]]:
        now = self._site.clock.now()
        for name, *parts in uses:
            key = _key(self._site, name, tuple(parts))
            for window in self._windows[name]:
                yield f"{key}:{window.seconds}", name, window, _start(now, window)

    @staticmethod
    def _sorted(counted: Mapping[str, tuple[str, Window, datetime]]) -> list[dict[str, Any]]:
        # In the order of their keys, so that two requests never wait crosswise.
        return [
            {"key": key, "window_start": start, "ends_at": start + timedelta(seconds=window.seconds), "n": 1}
            for key, (_name, window, start) in sorted(counted.items())
        ]

    def give_back(self, name: str, *parts: object) -> None:
        """Take back one use that was counted before it was known to be a good one."""
        now = self._site.clock.now()
        key = _key(self._site, name, parts)
        with short_transaction(self._site.engines) as connection:
            for window in self._windows[name]:
                row = (
                    LimitHit.key == f"{key}:{window.seconds}",
                    LimitHit.window_start == _start(now, window),
                )
                connection.execute(update(LimitHit).where(*row, LimitHit.n > 0).values(n=LimitHit.n - 1))

    def check(self, name: str, *parts: object) -> None:
        """Refuse when the limit is used up, without counting.

        :raises TooMany: when any window is full.
        """
        now = self._site.clock.now()
        key = _key(self._site, name, parts)
        with self._site.engines.read.connect() as connection:
            for window in self._windows[name]:
                start = _start(now, window)
                used = connection.execute(
                    select(LimitHit.n).where(
                        LimitHit.key == f"{key}:{window.seconds}", LimitHit.window_start == start
                    )
                ).scalar()
                if (used or 0) >= window.hits:
                    raise TooMany(name, start + timedelta(seconds=window.seconds))

    def sweep(self) -> None:
        """Delete the windows that have ended."""
        with short_transaction(self._site.engines) as connection:
            connection.execute(delete(LimitHit).where(LimitHit.ends_at < self._site.clock.now()))


@cache
def _count(dialect: str) -> Any:
    # Without values of its own it is made and compiled once, for any number of rows.
    statement = insert_into(dialect, LimitHit.__table__)
    found = statement.on_conflict_do_update(
        index_elements=["key", "window_start"], set_={"n": LimitHit.n + 1}
    )
    return found.returning(LimitHit.key, LimitHit.n)


def _key(site: "Site", name: str, parts: tuple[object, ...]) -> str:
    # Numbers and addresses stand in the table as keyed hashes only.
    return f"{name}:{site.keys.mac('limits', *(str(part) for part in parts)).hex()[:32]}"


def _start(now: datetime, window: Window) -> datetime:
    return datetime.fromtimestamp(int(now.timestamp()) // window.seconds * window.seconds, tz=now.tzinfo)
