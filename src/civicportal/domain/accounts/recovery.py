"""Recovery codes: each replaces an unavailable passkey or authenticator app once."""

import secrets
from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

from civicportal.core.db import changed_rows
from civicportal.core.work import Service
from civicportal.domain.accounts.models import RecoveryCode, User, has_factor
from civicportal.domain.accounts.passwords import hash_password, verify_password
from civicportal.domain.audit.services import AuditService

RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF = 5


def new_recovery_codes() -> list[str]:
    """Return new recovery codes of about 49 bits, in two groups of letters and digits that cannot be confused."""
    halves = [
        "".join(secrets.choice(_LETTERS) for _place in range(_HALF)) for _half in range(2 * RECOVERY_CODES)
    ]
    return [f"{left}-{right}" for left, right in zip(halves[::2], halves[1::2], strict=True)]


def hash_recovery_codes(codes: Sequence[str]) -> list[str]:
    """Return the Argon2id hashes of recovery codes.

    This takes a while, so call it before the unit of work opens.
    """
    return [hash_password(_plain(code)) for code in codes]


def match_recovery_code(hashes: dict[int, str], code: str) -> int | None:
    """Return the id of an entered recovery code.

    This takes a while, so call it outside any unit of work.
    """
    typed = _plain(code)
    return next((id_ for id_, hashed in hashes.items() if verify_password(hashed, typed)), None)


class RecoveryService(Service):
    """Store, count and use up the recovery codes of a person."""

    def replace(self, user: User, hashes: Sequence[str]) -> None:
        """Store new codes; the earlier ones are void."""
        self.void(user)
        self.session.add_all(RecoveryCode(user_id=user.id, code_hash=hashed) for hashed in hashes)
        self.work.get(AuditService).record("totp:recovery-codes", subject_id=user.id)

    def void(self, user: User) -> None:
        """Delete all codes of a person."""
        self.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))

    def left(self, user: User) -> int:
        """Return how many codes are unused."""
        unused = (RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
        return self.session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0

    def hashes(self, user_id: int) -> dict[int, str]:
        """Return the hashes of unused recovery codes by id.

        It is empty for a person without a factor to replace.
        """
        query = select(RecoveryCode.id, RecoveryCode.code_hash).join(User, User.id == RecoveryCode.user_id)
        unused = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
        rows = self.session.execute(query.where(*unused, has_factor()))
        return {row.id: row.code_hash for row in rows}

    def use(self, code_id: int) -> bool:
        """Use up a code; False when it was used concurrently."""
        taken = self.session.execute(
            update(RecoveryCode)
            .where(RecoveryCode.id == code_id, RecoveryCode.used_at.is_(None))
            .values(used_at=self.work.clock.now())
            .execution_options(synchronize_session=False)
        )
        return bool(changed_rows(taken))


def _plain(code: str) -> str:
    return "".join(char for char in code.lower() if char.isalnum())
