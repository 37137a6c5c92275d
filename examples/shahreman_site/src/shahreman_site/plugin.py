"""What the city of Shahreman adds in code: its own sign for the mayor's orders, and its demo's register of people."""

from dataclasses import replace

from civicportal.api.cases import CaseKind
from civicportal.api.people import IdentityClaim, IdentityVerdict
from civicportal.api.plugins import Site, hookimpl
from shahreman_site.identity import verify


@hookimpl
def adapt_case_kind(kind: CaseKind) -> CaseKind | None:
    """Let what the mayor orders bear the sign of the town hall."""
    return replace(kind, icon="building-bank") if kind.name == "orders" else None


@hookimpl
def verify_identity(claim: IdentityClaim, site: Site) -> IdentityVerdict | None:
    """Ask the invented register of the demo; a real city asks the country's."""
    if not site.is_demo:
        return None
    return IdentityVerdict(
        outcome=verify(claim.mobile, claim.national_code, claim.birth_date), checked_at=site.clock.now()
    )
