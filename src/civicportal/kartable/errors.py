"""What can go wrong in the kartable."""

from civicportal.errors import CivicportalError


class ReferralError(CivicportalError):
    """The line cannot be moved so."""
