"""Ceilings that are reached: what the operator is told, and what tells strangers' forms to bring a challenge along."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Alarm:
    """A class of requesters has used up its share of a limit of the whole site; it ends with the window.

    :ivar name: of the limit.
    :ivar requesters: the class: "unknown", "challenged", "known", "citizen", or "everybody".
    :ivar used: uses in the window, those beyond its hits included.
    :ivar hits: of the window.
    :ivar since: when the window began.
    :ivar until: when it ends.
    """

    name: str
    requesters: str
    used: int
    hits: int
    since: datetime
    until: datetime
