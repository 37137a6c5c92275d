"""Counters of limits by class of client.

Pure: no clock, no database. :class:`~civicportal.core.limits.counting.Limits` does the counting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from civicportal.core.limits.requesters import Requester, address_of, network_of
from civicportal.core.limits.table import LIMITS, SHARES, LimitWindow

Use = tuple[str, *tuple[object, ...]]
"""Name of a limit, and its key: an address as received, a number, the id of a user."""

Beyond = Literal["refuse", "challenge", "slow"]
"""Effect of a full counter: refuse, require a challenge, or only make the next challenge harder."""

_HOUR = 3600


@dataclass(frozen=True)
class LimitCounter:
    """One counter.

    :ivar name: name of the limit.
    :ivar parts: the values it is counted by, including the class of clients if that has a separate counter.
    :ivar of_site: whether all clients of the class are counted together.
    """

    name: str
    parts: tuple[str, ...]
    window: LimitWindow
    beyond: Beyond
    of_site: bool = False


def counters(
    use: Use, by: Requester, windows: Mapping[str, tuple[LimitWindow, ...]]
) -> Iterator[LimitCounter]:
    """Yield the counters that a use of a limit adds to.

    :param windows: windows of the site by name of the limit.
    """
    name, *given = use
    limit = LIMITS[name]
    if limit.counts == "site":
        yield from _of_site(name, by, windows[name])
        return
    if limit.counts == "own":
        parts = tuple(map(str, given))
    else:
        source = address_of if limit.counts == "address" else network_of
        parts = tuple(source(part) for part in given)
    if not by.is_unknown and limit.known:
        # Recognised people are counted by account or device, not by address.
        own = (*parts, by.id) if limit.counts == "own" else (by.id,)
        yield from (LimitCounter(limit.known, own, window, "refuse") for window in windows[limit.known])
        return
    if not by.is_unknown and limit.counts != "own":
        return
    challenged = limit.passable and by.challenged
    beyond: Beyond = "challenge" if limit.passable and not challenged else "refuse"
    parts = (*parts, "challenged") if challenged else parts
    yield from (LimitCounter(name, parts, window, beyond) for window in windows[name])


def _of_site(name: str, by: Requester, windows: tuple[LimitWindow, ...]) -> Iterator[LimitCounter]:
    limit = LIMITS[name]
    if not limit.passable:
        yield from (LimitCounter(name, (), window, "refuse", of_site=True) for window in windows)
        return
    if by.kind == "staff" or not (by.is_unknown or limit.scarce):
        return
    if not by.challenged:
        for window in windows:
            own = share(window, by.kind) if limit.scarce else window
            yield LimitCounter(name, (by.kind,), own, "challenge", of_site=True)
    elif limit.scarce:
        yield LimitCounter(name, ("challenged",), challenged_share(windows), "refuse", of_site=True)
    else:
        yield LimitCounter(name, ("challenged",), windows[0], "slow", of_site=True)


def share(window: LimitWindow, kind: str) -> LimitWindow:
    """Return the part of a scarce window that a class may use."""
    return LimitWindow(max(1, window.hits * SHARES[kind] // 100), window.seconds)


def challenged_share(windows: tuple[LimitWindow, ...]) -> LimitWindow:
    """Return the share of clients that have passed a challenge.

    It is spread over the hours, so the wait is at most an hour.
    """
    spread = (
        LimitWindow(max(1, part.hits * min(_HOUR, part.seconds) // part.seconds), min(_HOUR, part.seconds))
        for part in (share(window, "challenged") for window in windows)
    )
    return min(spread, key=lambda window: window.hits / window.seconds)


def of_site(windows: Mapping[str, tuple[LimitWindow, ...]]) -> Iterator[tuple[LimitCounter, str]]:
    """Yield all site-wide counters, each with its class."""
    for name, limit in LIMITS.items():
        if limit.counts != "site":
            continue
        if not limit.passable:
            yield from ((one, "everybody") for one in _of_site(name, Requester(), windows[name]))
            continue
        for kind in ("unknown", "known", "citizen") if limit.scarce else ("unknown",):
            yield from ((one, kind) for one in _of_site(name, Requester(kind), windows[name]))
        passed = Requester(challenged=True)
        yield from ((one, "challenged") for one in _of_site(name, passed, windows[name]))
