"""Errors of marks that do not match."""

from civicportal.util.errors import ConfigurationError


class OwnershipMismatch(ConfigurationError):
    """The file store or a secret does not belong to the portal of this database; the message says what to do."""
