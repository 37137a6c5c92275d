"""People, identities and rights."""

from civicportal.core.security import SYSTEM, VISITOR, Grant, Identity, Permission
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.identity_levels import IdentityFact
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.types import IdentityClaim, Verdict
from civicportal.domain.accounts.verification import own_identity
from civicportal.domain.audit.services import AuditService

__all__ = [
    "SYSTEM",
    "VISITOR",
    "AuditService",
    "Grant",
    "Identity",
    "IdentityClaim",
    "IdentityFact",
    "Permission",
    "SessionService",
    "User",
    "Verdict",
    "identity_of",
    "own_identity",
]
