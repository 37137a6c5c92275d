"""Codes of an authenticator app (RFC 6238)."""

import pyotp
from sqlalchemy import or_, update

from civicportal.core.crypto import same
from civicportal.core.db import changed_rows
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService

STEP = 30
"""Length of a step in seconds."""
DRIFT = 1
"""Tolerated clock difference of a telephone in steps."""


def new_secret() -> str:
    """Return a fresh secret of 160 bits."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, user: User, issuer: str) -> str:
    """Return the URI of the QR code for the authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username or user.name, issuer_name=issuer)


class TotpService(Service):
    """Enable and disable the authenticator app, and verify its codes, each once."""

    def matching_step(self, secret: str, code: str) -> int | None:
        """Return the number of the 30-second step of a code, or None."""
        present = int(self.work.clock.now().timestamp()) // STEP
        steps = range(present - DRIFT, present + DRIFT + 1)
        fitting = [step for step in steps if same(pyotp.TOTP(secret).at(step * STEP), code)]
        return fitting[0] if fitting else None

    def accept(self, user: User, code: str) -> bool:
        """Verify a code of the person's app.

        The same or an earlier one is refused from then on.
        """
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

    def enable(self, user: User, secret: str, step: int) -> None:
        """Require the app's codes from now on.

        :param step: of the code that has verified the app's secret.
        """
        user.totp_secret, user.totp_step = self.work.site.keys.encrypt(secret), step
        self.work.get(AuditService).record("totp:enable", subject_id=user.id)

    def disable(self, user: User) -> None:
        """Turn off the authenticator app of a person."""
        user.totp_secret = user.totp_step = None
        self.work.get(AuditService).record("totp:disable", subject_id=user.id)
