"""Marks that tie database, file store and secrets to one portal."""

from civicportal.domain.ownership.errors import OwnershipMismatch
from civicportal.domain.ownership.services import (
    adopt_secrets,
    adopt_store,
    establish,
    findings,
    is_own,
    newest_pictures,
    portal_id,
    refuse_foreign,
    refuse_other_secrets,
    refuse_unusable,
    renew,
    retire_keys,
)

__all__ = [
    "OwnershipMismatch",
    "adopt_secrets",
    "adopt_store",
    "establish",
    "findings",
    "is_own",
    "newest_pictures",
    "portal_id",
    "refuse_foreign",
    "refuse_other_secrets",
    "refuse_unusable",
    "renew",
    "retire_keys",
]
