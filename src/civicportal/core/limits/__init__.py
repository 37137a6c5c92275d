"""Rate limits, and the treatment of unknown clients during an attack.

A site-wide limit slows unknown clients and never refuses known users: see
``docs/decisions/0067-site-wide-limits-slow-unknown-clients.md``.
"""

from civicportal.core.limits.challenges import Challenge, Challenges
from civicportal.core.limits.counters import Use
from civicportal.core.limits.counting import Alarm, Allowance, CountedUses, Limits
from civicportal.core.limits.errors import ChallengeNeeded, LimitExceeded
from civicportal.core.limits.models import LimitHit
from civicportal.core.limits.requesters import UNKNOWN, Requester, address_of, network_of
from civicportal.core.limits.table import DEFAULTS, LIMITS, SHARES, Limit, LimitWindow

__all__ = [
    "DEFAULTS",
    "LIMITS",
    "SHARES",
    "UNKNOWN",
    "Alarm",
    "Allowance",
    "Challenge",
    "ChallengeNeeded",
    "Challenges",
    "CountedUses",
    "Limit",
    "LimitExceeded",
    "LimitHit",
    "LimitWindow",
    "Limits",
    "Requester",
    "Use",
    "address_of",
    "network_of",
]
