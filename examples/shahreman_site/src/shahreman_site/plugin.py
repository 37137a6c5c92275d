"""Hooks of the site: its icon for orders of the mayor, and the demo's population register."""

from dataclasses import replace

from civicportal.api.cases import CaseKind
from civicportal.api.people import IdentityClaim, IdentityVerdict
from civicportal.api.plugins import Site, hookimpl
from shahreman_site.identity import verify


@hookimpl
def adapt_case_kind(kind: CaseKind) -> CaseKind | None:
    """Give orders of the mayor the icon of the town hall."""
    return replace(kind, icon="building-bank") if kind.name == "orders" else None


@hookimpl
def verify_identity(claim: IdentityClaim, site: Site) -> IdentityVerdict | None:
    """Query the demo's register; a real city queries the country's."""
    if not site.is_demo:
        return None
    return IdentityVerdict(
        outcome=verify(claim.mobile, claim.national_code, claim.birth_date), checked_at=site.clock.now()
    )
