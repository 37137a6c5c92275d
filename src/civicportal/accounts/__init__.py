"""People, their sessions and rights: the two doors, one-time codes, roles and memberships."""

from typing import Any

from civicportal.accounts.policy import SecurityPolicy


def includeme(config: Any) -> None:
    """Set the security policy."""
    config.set_security_policy(SecurityPolicy())
