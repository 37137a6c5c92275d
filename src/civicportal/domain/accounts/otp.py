"""One-time codes by SMS.

A code is not stored: the worker and the verification derive it from the challenge's nonce.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, or_, select, update

from civicportal.core.clock import SKEW
from civicportal.core.db import changed_rows
from civicportal.core.work import Service
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import OtpChallenge, User

#: OWASP ASVS 5.0.0 6.5.4, 6.5.5, 6.6.3.
LIFE = timedelta(seconds=180)
MOST_ATTEMPTS = 5
RESEND_AFTER = timedelta(seconds=60)
_REMEMBERED = timedelta(hours=1)

Purpose = Literal["login", "staff", "confirm", "invite", "password_reset", "mobile_change", "leave"]
Outcome = Literal["accepted", "wrong", "expired", "exhausted"]
OF_ONES_OWN_NUMBER = {"staff", "confirm", "password_reset", "leave"}
"""Purposes with a known person: the code goes to their number."""


class OtpService(Service):
    """Request and verify codes. ``cookie_hash`` binds both to one browser."""

    def ask(
        self,
        purpose: Purpose,
        mobile: str,
        cookie_hash: str,
        *,
        user: User | None = None,
        sms: bool = True,
        locale: str = "",
    ) -> OtpChallenge:
        """Create a challenge and queue its code.

        A number that may not sign in gets a decoy challenge: the same responses, no message, and no code is right.

        :param mobile: E.164, or empty if there is none.
        :param user: the person, if known; for "login" it is found by the number.
        :param sms: False if another factor than a message is required.
        :param locale: the language of the message; the site's own if empty.
        """
        now, uptime = self.work.clock.now(), self.work.clock.uptime()
        person = user or self.session.scalar(select(User).where(User.mobile == mobile))
        challenge = OtpChallenge(
            nonce=secrets.token_bytes(16),
            purpose=purpose,
            mobile=mobile,
            user_id=person.id if person else None,
            cookie_hash=cookie_hash,
            created_at=now,
            expires_at=now + LIFE,
            boot=uptime.boot or None,
            uptime=uptime.seconds,
            hollow=not (sms and mobile and _may_pass(person)),
        )
        self.session.add(challenge)
        self.session.flush()
        self.work.get(AccountMessages).send_code(challenge, locale)
        return challenge

    def latest(self, purpose: Purpose, cookie_hash: str) -> OtpChallenge | None:
        """Return the latest unused challenge of this browser within the hour."""
        found: OtpChallenge | None = self.session.scalar(
            select(OtpChallenge)
            .where(
                OtpChallenge.purpose == purpose,
                OtpChallenge.cookie_hash == cookie_hash,
                OtpChallenge.created_at > self.work.clock.now() - _REMEMBERED,
            )
            .order_by(OtpChallenge.id.desc())
            .limit(1)
        )
        return found if found and found.used_at is None else None

    def verify(self, challenge_id: int, code: str, cookie_hash: str) -> Outcome:
        """Verify a code, which is valid once.

        Every attempt counts, so call it in a unit of work that is committed in any case.

        A code sent to a number which its person has given up since is wrong.

        :param code: six ASCII digits as typed.
        """
        challenge = self.session.get(OtpChallenge, challenge_id)
        if challenge is None:
            return "expired"
        matches = self.work.site.keys.otp_matches(challenge.nonce, code) and not challenge.hollow
        matches = matches and self._is_number_of_now(challenge)
        return self.settle(challenge_id, cookie_hash, lambda: matches)

    def settle(self, challenge_id: int, cookie_hash: str, matches: Callable[[], bool]) -> Outcome:
        """Count an attempt at a challenge and use it up on success.

        :param matches: verifies the proof, and uses it up if it is valid once. It is called only while the challenge is
        valid: a proof that comes too late remains usable for the next one.
        """
        if not self._count_try(challenge_id, cookie_hash) or not matches():
            return self._why_not(challenge_id, cookie_hash)
        self._change(OtpChallenge.id == challenge_id, used_at=self.work.clock.now())
        return "accepted"

    def _is_number_of_now(self, challenge: OtpChallenge) -> bool:
        if challenge.purpose not in OF_ONES_OWN_NUMBER:
            return True
        return challenge.mobile == self.session.scalar(
            select(User.mobile).where(User.id == challenge.user_id)
        )

    def _count_try(self, challenge_id: int, cookie_hash: str) -> bool:
        """Count an attempt; False when the challenge is not valid any more.

        One conditional statement decides, and locks the row until the end: of any number of parallel attempts one is
        accepted.
        """
        return self._change(
            OtpChallenge.id == challenge_id,
            OtpChallenge.cookie_hash == cookie_hash,
            OtpChallenge.attempts < MOST_ATTEMPTS,
            OtpChallenge.used_at.is_(None),
            self._is_in_time(),
            attempts=OtpChallenge.attempts + 1,
        )

    def _is_in_time(self) -> ColumnElement[bool]:
        """Return the condition for challenges that are still valid.

        They are at most three minutes old, even if the clock was changed. A creation time in the future is refused. On
        the machine that created the challenge its uptime counts as well.
        """
        now, uptime = self.work.clock.now(), self.work.clock.uptime()
        return and_(
            OtpChallenge.expires_at > now,
            OtpChallenge.created_at <= now + SKEW,
            or_(
                OtpChallenge.boot.is_(None),
                OtpChallenge.boot != uptime.boot,
                OtpChallenge.uptime > uptime.seconds - LIFE.total_seconds(),
            ),
        )

    def _change(self, *conditions: ColumnElement[bool], **values: object) -> bool:
        statement = update(OtpChallenge).where(*conditions).values(**values)
        changed = self.session.execute(statement.execution_options(synchronize_session=False))
        return changed_rows(changed) == 1

    def _why_not(self, challenge_id: int, cookie_hash: str) -> Outcome:
        challenge = self.session.get(OtpChallenge, challenge_id, populate_existing=True)
        if challenge is None or challenge.cookie_hash != cookie_hash:
            return "expired"
        in_time = select(OtpChallenge.id).where(OtpChallenge.id == challenge_id, self._is_in_time())
        if challenge.used_at or self.session.scalar(in_time) is None:
            return "expired"
        return "exhausted" if challenge.attempts >= MOST_ATTEMPTS else "wrong"


def _may_pass(person: User | None) -> bool:
    if person is None:
        return True
    return person.disabled_at is None and (person.deleted_at is None or person.has_left)
