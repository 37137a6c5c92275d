"""Identity verification by the site's provider.

The provider is an external service, so it is called outside any transaction. Its answer is stored encrypted; while it
is unavailable, the claim is pending and a job retries.
"""

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from civicportal.core.work import Service
from civicportal.domain.accounts.identity_levels import IdentityFact
from civicportal.domain.accounts.models import PendingClaim, User
from civicportal.domain.accounts.types import IdentityClaim, IdentityVerdict
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import Conflict
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

PROVED, VERIFIED = 1, 2
"""Identity levels: mobile verified; identity verified by the provider."""
PATIENCE = 5.0
"""Timeout of the provider in seconds."""
SILENCE = timedelta(minutes=1)
"""How long the provider is not asked for a person again after it was unavailable."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=7)
MOST_CLAIMS = 20
"""Maximum claims that one run of the job retries."""


class CodeTaken(Conflict):
    """Another account was verified with this national code."""


def is_offered(site: "Site") -> bool:
    """Return whether the site has an identity provider."""
    return bool(site.hooks.hook.verify_identity.get_hookimpls())


def ask_provider(site: "Site", claim: IdentityClaim, patience: float = PATIENCE) -> IdentityVerdict:
    """Ask the site's provider, outside any transaction.

    An error or a timeout means unavailable.

    :param patience: seconds.
    """
    answers: SimpleQueue[IdentityVerdict | None] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(site.hooks.hook.verify_identity(claim=claim, site=site))
        except Exception as problem:
            # The exception's message may contain the data of the claim.
            log.error("the provider of identities failed: %s", type(problem).__name__)
            answers.put(None)

    Thread(target=ask, name="verify-identity", daemon=True).start()
    try:
        verdict = answers.get(timeout=patience)
    except Empty:
        log.warning("the provider of identities did not answer within %s seconds", patience)
        verdict = None
    return verdict or IdentityVerdict(outcome="unavailable", checked_at=site.clock.now())


class VerificationService(Service):
    """Store verified identities, encrypted."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.keys = work.site.keys

    def own(self, user: User) -> IdentityClaim | None:
        """Return the identity data of a verified person; None otherwise."""
        if user.level < VERIFIED or not (user.mobile and user.national_code and user.birth_date):
            return None
        return self._opened(user.mobile, user.national_code, user.birth_date)

    def is_taken(self, user: User, national_code: str) -> bool:
        """Return whether another account has this national code."""
        index = self.keys.blind_index(national_code)
        query = select(User.id).where(User.national_code_index == index, User.id != user.id)
        return self.session.scalar(query) is not None

    def accept(self, user: User, claim: IdentityClaim) -> None:
        """Record that the provider has confirmed this claim.

        :raises CodeTaken: when another account has the national code.
        """
        if self.is_taken(user, claim.national_code):
            raise CodeTaken("the national code is another account's")
        try:
            with self.work.savepoint():
                user.national_code = self.keys.encrypt(claim.national_code)
                user.national_code_index = self.keys.blind_index(claim.national_code)
                user.birth_date = self.keys.encrypt(claim.birth_date.isoformat())
                user.level = VERIFIED
                self.session.flush()
        except IntegrityError:
            raise CodeTaken("the national code became another account's") from None
        self.drop_claim(user)
        self._record("identity:verified", user)

    def refuse(self, user: User) -> None:
        """Record that the provider has rejected a claim."""
        self.drop_claim(user)
        self._record("identity:mismatched", user)

    # -- claims that wait -----------------------------------------------------------------------------------

    def keep_claim(self, user: User, claim: IdentityClaim) -> None:
        """Store a claim until the provider answers; it replaces an earlier one."""
        self._keep(user, claim, asked=1)

    def has_claim(self, user: User) -> bool:
        """Return whether a claim of this person is pending."""
        return self.session.get(PendingClaim, user.id) is not None

    def was_unavailable(self, user: User) -> bool:
        """Return whether the provider was unavailable when this person asked recently."""
        row = self.session.get(PendingClaim, user.id)
        return row is not None and row.attempts > 0 and self.work.clock.now() - row.created_at < SILENCE

    def due(self) -> Sequence[int]:
        """Return the people whose claims are due for a retry."""
        query = select(PendingClaim.user_id).where(PendingClaim.next_at <= self.work.clock.now())
        return self.session.scalars(query.order_by(PendingClaim.next_at).limit(MOST_CLAIMS)).all()

    def claim_of(self, user_id: int) -> IdentityClaim | None:
        """Return the pending claim of a person with a mobile."""
        user, row = self.session.get(User, user_id), self.session.get(PendingClaim, user_id)
        if user is None or user.mobile is None or row is None:
            return None
        return self._opened(user.mobile, row.national_code, row.birth_date)

    def postpone(self, user: User) -> bool:
        """Postpone a claim with increasing pauses.

        :returns: False when it was postponed too often and is dropped.
        """
        row = self.session.get_one(PendingClaim, user.id)
        now = self.work.clock.now()
        if now - row.created_at >= GIVE_UP_AFTER:
            self.drop_claim(user)
            self._record("identity:given-up", user)
            return False
        row.next_at = now + min(FIRST_PAUSE * 2**row.attempts, LONGEST_PAUSE)
        row.attempts += 1
        return True

    def drop_claim(self, user: User) -> None:
        """Delete a pending claim."""
        self.session.execute(delete(PendingClaim).where(PendingClaim.user_id == user.id))

    # -- another mobile -------------------------------------------------------------------------------------

    def verify_again(self, user: User) -> None:
        """Queue a person whose number has changed for verification."""
        if user.level < VERIFIED or not (user.mobile and user.national_code and user.birth_date):
            return
        user.level = PROVED
        self._keep(user, self._opened(user.mobile, user.national_code, user.birth_date), asked=0)

    def _keep(self, user: User, claim: IdentityClaim, *, asked: int) -> None:
        now = self.work.clock.now()
        row = PendingClaim(
            user_id=user.id,
            national_code=self.keys.encrypt(claim.national_code),
            birth_date=self.keys.encrypt(claim.birth_date.isoformat()),
            created_at=now,
            attempts=asked,
            next_at=now + FIRST_PAUSE * asked,
        )
        self.session.merge(row)
        self.session.flush()
        self._record("identity:waiting", user)

    def _opened(self, mobile: str, national_code: str, birth_date: str) -> IdentityClaim:
        return IdentityClaim(
            mobile=mobile,
            national_code=self.keys.decrypt(national_code),
            birth_date=date.fromisoformat(self.keys.decrypt(birth_date)),
        )

    def _record(self, action: str, user: User) -> None:
        self.work.get(AuditService).record(action, subject_id=user.id)


def identity_facts(site: "Site", claim: IdentityClaim) -> tuple[IdentityFact, IdentityFact]:
    """Return a claim for display: masked, in full by right."""
    day = site.calendar.format_date(claim.birth_date, "short")
    return (
        IdentityFact(
            title=_("National code"),
            masked=site.country.mask_national_code(claim.national_code),
            value=claim.national_code,
        ),
        IdentityFact(title=_("Date of birth"), masked="****/**/**", value=day),
    )
