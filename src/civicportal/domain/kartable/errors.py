"""Errors of the kartable."""

from civicportal.domain.cases.errors import Refused


class ReferralError(Refused):
    """The referral is not possible; the message says why."""


class UnattendedReferral(ReferralError):
    """The case would be unattended after the referral."""
