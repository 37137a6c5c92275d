"""Retries of identity verification for claims that the provider did not answer."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from civicportal.core.crypto import CannotDecrypt
from civicportal.core.jobs import Job
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.types import IdentityClaim, IdentityVerdict
from civicportal.domain.accounts.verification import CodeTaken, VerificationService, ask_provider

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)


def retry_identity_checks(site: "Site") -> None:
    """Verify identities whose provider was unavailable.

    If the provider is unavailable again, the run ends.
    """
    with site.work(write=False) as work:
        due = work.get(VerificationService).due()
    for user_id in due:
        try:
            is_silent = _ask(site, user_id)
        except Exception:
            log.exception("the claim of user %s could not be settled; the next run tries again", user_id)
            continue
        if is_silent:
            break


def _ask(site: "Site", user_id: int) -> bool:
    """Verify one claim; return whether the provider was unavailable."""
    try:
        with site.work(write=False) as work:
            claim = work.get(VerificationService).claim_of(user_id)
    except CannotDecrypt:
        log.error("the claim of user %s cannot be read: is its key missing from pii_keys?", user_id)
        with site.work() as work:
            _wait(work, _locked(work, user_id))
        return False
    verdict = ask_provider(site, claim) if claim else None
    with site.work() as work:
        _settle(work, user_id, claim, verdict)
    return verdict is not None and verdict.outcome == "unavailable"


def _settle(work: "Work", user_id: int, claim: IdentityClaim | None, verdict: IdentityVerdict | None) -> None:
    service = work.get(VerificationService)
    user = _locked(work, user_id)
    if user is None:
        return
    if claim is None or verdict is None:
        service.drop_claim(user)
    elif service.claim_of(user_id) != claim:
        # The person submitted another claim concurrently, which is verified next.
        return
    elif verdict.outcome == "unavailable":
        _wait(work, user)
    elif verdict.outcome == "matched" and _accept(service, user, claim):
        work.get(AccountMessages).notify("identity.verified", user)
    else:
        service.refuse(user)
        work.get(AccountMessages).notify("identity.mismatched", user)


def _locked(work: "Work", user_id: int) -> User | None:
    """Return a person whose claim is still pending."""
    user = work.session.get(User, user_id, with_for_update=True)
    return user if user and work.get(VerificationService).has_claim(user) else None


def _wait(work: "Work", user: User | None) -> None:
    if user and not work.get(VerificationService).postpone(user):
        work.get(AccountMessages).notify("identity.given_up", user)


def _accept(service: VerificationService, user: User, claim: IdentityClaim) -> bool:
    try:
        service.accept(user, claim)
    except CodeTaken:
        return False
    return True


JOBS = (Job(name="core.identity", every=timedelta(minutes=5), run=retry_identity_checks),)
