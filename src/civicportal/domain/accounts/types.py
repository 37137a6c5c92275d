"""Values that pass between the portal and a provider of identities."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class IdentityClaim:
    """What a person says of themselves.

    :ivar mobile: E.164.
    """

    mobile: str
    national_code: str
    birth_date: date


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the provider says of a claim. Unavailable is never held against the person."""

    outcome: Literal["matched", "mismatched", "unavailable"]
    checked_at: datetime
