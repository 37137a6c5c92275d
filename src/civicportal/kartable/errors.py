"""What can go wrong in the kartable."""

from civicportal.cases.errors import Refused


class ReferralError(Refused):
    """The line cannot be moved so; the reason says why."""


class UnattendedReferral(ReferralError):
    """The case would be unattended there."""
