"""Data passed between the portal and an identity provider."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class IdentityClaim:
    """A person's claim of identity.

    :ivar mobile: E.164.
    """

    mobile: str
    national_code: str
    birth_date: date


@dataclass(frozen=True, kw_only=True)
class IdentityVerdict:
    """The provider's answer. "Unavailable" is never held against the person."""

    outcome: Literal["matched", "mismatched", "unavailable"]
    checked_at: datetime
