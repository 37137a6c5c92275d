"""Errors of limits that are used up."""

from datetime import datetime
from math import ceil

from civicportal.util.errors import CivicportalError


class LimitExceeded(CivicportalError):
    """A limit is used up (answered as 429).

    :ivar name: name of the limit.
    :ivar retry_after: when the window ends.
    """

    def __init__(self, name: str, retry_after: datetime) -> None:
        super().__init__(f"the limit {name!r} is used up until {retry_after.isoformat()}")
        self.name = name
        self.retry_after = retry_after

    def seconds_left(self, now: datetime) -> int:
        """Return the remaining seconds for the header ``Retry-After``."""
        return max(1, ceil((self.retry_after - now).total_seconds()))


class ChallengeNeeded(LimitExceeded):
    """A limit requires a challenge of unknown clients."""
