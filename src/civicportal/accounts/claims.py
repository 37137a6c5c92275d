"""Asking the provider of identities again for those it did not answer for."""

from datetime import timedelta
from typing import TYPE_CHECKING

from civicportal.accounts import messages
from civicportal.accounts.models import User
from civicportal.accounts.types import IdentityClaim, Verdict
from civicportal.accounts.verification import CodeTaken, VerificationService, ask_provider
from civicportal.jobs import Job

if TYPE_CHECKING:
    from civicportal.site import Site
    from civicportal.work import Work


def ask_again(site: "Site") -> None:
    """Ask for every claim that is due, each outside any transaction; the person is told of the end by SMS.

    One that is unavailable again ends the run: the others would only wait for it too.
    """
    with site.work(write=False) as work:
        due = work.get(VerificationService).due()
    for user_id in due:
        with site.work(write=False) as work:
            claim = work.get(VerificationService).claim_of(user_id)
        verdict = ask_provider(site, claim) if claim else None
        with site.work() as work:
            _settle(work, user_id, claim, verdict)
        if verdict is not None and verdict.outcome == "unavailable":
            break


def _settle(work: "Work", user_id: int, claim: IdentityClaim | None, verdict: Verdict | None) -> None:
    service = work.get(VerificationService)
    user = work.session.get(User, user_id, with_for_update=True)
    if user is None or not service.has_claim(user):
        return
    if claim is None or verdict is None:
        service.drop_claim(user)
    elif service.claim_of(user_id) != claim:
        # The person wrote something else meanwhile: that is asked for next.
        return
    elif verdict.outcome == "unavailable":
        if not service.postpone(user):
            messages.tell(work, "identity.given_up", user)
    elif verdict.outcome == "matched" and _accept(service, user, claim):
        messages.tell(work, "identity.verified", user)
    else:
        service.refuse(user)
        messages.tell(work, "identity.mismatched", user)


def _accept(service: VerificationService, user: User, claim: IdentityClaim) -> bool:
    try:
        service.accept(user, claim)
    except CodeTaken:
        return False
    return True


JOBS = (Job(name="core.identity", every=timedelta(minutes=5), run=ask_again),)
