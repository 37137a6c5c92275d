"""What the city of Shahreman adds in code: its own word for reports, and its demo's register of people."""

from dataclasses import replace

from civicportal.api import CaseKind, IdentityClaim, Site, Verdict, _, hookimpl
from shahreman_site.identity import verify


@hookimpl
def adapt_case_kind(kind: CaseKind) -> CaseKind | None:
    """Call a report what the city's people call it: a message to 137."""
    return replace(kind, title=_("Message to 137")) if kind.name == "reports" else None


@hookimpl
def verify_identity(claim: IdentityClaim, site: Site) -> Verdict | None:
    """Ask the invented register of the demo; a real city asks the country's."""
    if not site.is_demo:
        return None
    return Verdict(
        outcome=verify(claim.mobile, claim.national_code, claim.birth_date), checked_at=site.clock.now()
    )
