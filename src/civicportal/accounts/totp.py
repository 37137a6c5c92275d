"""Codes of an authenticator app (RFC 6238), and the recovery codes that stand in for a lost one."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import delete, or_, select, update

from civicportal.accounts.models import RecoveryCode, User
from civicportal.audit.services import AuditService
from civicportal.crypto import same
from civicportal.db import changed_rows
from civicportal.errors import NotPossible
from civicportal.i18n import _
from civicportal.passwords import hash_password, verify_password

if TYPE_CHECKING:
    from civicportal.work import Work

STEP = 30
"""Seconds."""
DRIFT = 1
"""Steps that a telephone's clock may be before or behind."""
RECOVERY_CODES = 8
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF = 5


def new_secret() -> str:
    """Return a fresh secret of 160 bits."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, user: User, issuer: str) -> str:
    """Return what the QR code says to the authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username or user.name, issuer_name=issuer)


def new_recovery_codes() -> list[str]:
    """Return fresh recovery codes of about 49 bits each, in two groups of letters and digits that look like no other."""
    halves = [
        "".join(secrets.choice(_LETTERS) for _place in range(_HALF)) for _half in range(2 * RECOVERY_CODES)
    ]
    return [f"{left}-{right}" for left, right in zip(halves[::2], halves[1::2], strict=True)]


def hash_recovery_codes(codes: Sequence[str]) -> list[str]:
    """Return the hashes to store; it takes a while, so before the unit of work opens."""
    return [hash_password(_plain(code)) for code in codes]


def match_recovery_code(hashes: dict[int, str], code: str) -> int | None:
    """Return which of the stored codes was typed; it takes a while, so outside any unit of work."""
    typed = _plain(code)
    return next((id_ for id_, hashed in hashes.items() if verify_password(hashed, typed)), None)


class TotpService:
    """Turn the second factor on and off, and take its codes, each once."""

    def __init__(self, work: "Work") -> None:
        self.work = work
        self.session = work.session

    def matching_step(self, secret: str, code: str) -> int | None:
        """Return the number of the 30 seconds whose code this is, or None."""
        present = int(self.work.clock.now().timestamp()) // STEP
        steps = range(present - DRIFT, present + DRIFT + 1)
        fitting = [step for step in steps if same(pyotp.TOTP(secret).at(step * STEP), code)]
        return fitting[0] if fitting else None

    def accept(self, user: User, code: str) -> bool:
        """Take a code of the person's app; the same or an earlier one is refused from then on."""
        if not user.totp_secret:
            return False
        step = self.matching_step(self.work.site.keys.decrypt(user.totp_secret), code)
        if step is None:
            return False
        taken = self.session.execute(
            update(User)
            .where(User.id == user.id, or_(User.totp_step.is_(None), User.totp_step < step))
            .values(totp_step=step)
            .execution_options(synchronize_session=False)
        )
        return bool(changed_rows(taken))

    def enable(self, user: User, secret: str, step: int, recovery_hashes: Sequence[str]) -> None:
        """Ask for the app's codes from now on.

        :param step: of the code that has shown that the app knows the secret.
        """
        user.totp_secret, user.totp_step = self.work.site.keys.encrypt(secret), step
        self.replace_recovery_codes(user, recovery_hashes)
        self.work.get(AuditService).record("totp:enable", subject_id=user.id)

    def disable(self, user: User) -> None:
        """Go back to codes by SMS."""
        user.totp_secret = user.totp_step = None
        self.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        self.work.get(AuditService).record("totp:disable", subject_id=user.id)

    def replace_recovery_codes(self, user: User, hashes: Sequence[str]) -> None:
        """Make the earlier recovery codes worthless.

        :raises NotPossible: when there is no app in whose place they could stand.
        """
        if user.totp_secret is None:
            raise NotPossible(_("There is no authenticator app any more."))
        self.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        self.session.add_all(RecoveryCode(user_id=user.id, code_hash=hashed) for hashed in hashes)
        self.work.get(AuditService).record("totp:recovery-codes", subject_id=user.id)

    def recovery_hashes(self, user_id: int) -> dict[int, str]:
        """Return the hashes of the codes that are left, by their ids; none without an app in whose place they stand."""
        query = select(RecoveryCode.id, RecoveryCode.code_hash).join(User, User.id == RecoveryCode.user_id)
        is_left = (RecoveryCode.used_at.is_(None), User.totp_secret.is_not(None))
        rows = self.session.execute(query.where(RecoveryCode.user_id == user_id, *is_left))
        return {row.id: row.code_hash for row in rows}

    def use_recovery_code(self, code_id: int) -> bool:
        """Use up a code; False when somebody was faster."""
        taken = self.session.execute(
            update(RecoveryCode)
            .where(RecoveryCode.id == code_id, RecoveryCode.used_at.is_(None))
            .values(used_at=self.work.clock.now())
            .execution_options(synchronize_session=False)
        )
        return bool(changed_rows(taken))


def _plain(code: str) -> str:
    return "".join(char for char in code.lower() if char.isalnum())
