"""Site-wide limits that are reached, for the operator and for the forms of unknown clients, which then contain a challenge."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Alarm:
    """A class of clients has used up its share of a site-wide limit; the alarm ends with the window.

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
