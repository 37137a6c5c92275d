"""Errors of marks that do not match."""

from civicportal.util.errors import ConfigurationError


class OwnershipMismatch(ConfigurationError):
    """The file store or a secret belongs to another portal."""
