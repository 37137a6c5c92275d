"""People, identities and rights."""

from civicportal.core.security import Identity, Permission
from civicportal.domain.accounts.identity_levels import IdentityFact
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.people import PeopleService
from civicportal.domain.accounts.types import IdentityClaim, IdentityVerdict
from civicportal.domain.audit.services import AuditService

__all__ = [
    "AuditService",
    "Identity",
    "IdentityClaim",
    "IdentityFact",
    "IdentityVerdict",
    "PeopleService",
    "Permission",
    "User",
]
