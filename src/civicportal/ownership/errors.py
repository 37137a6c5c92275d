"""Errors of marks that do not belong together."""

from civicportal.errors import ConfigurationError


class NotOwn(ConfigurationError):
    """The file store or a secret is not the portal's whose database this is; the text says what to do."""
