"""Messages about accounts.

The outbox is in a higher package: its part is declared here and implemented there.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from civicportal.core.work import Service

if TYPE_CHECKING:
    from civicportal.domain.accounts.models import OtpChallenge, User

CodeState = Literal["waiting", "held", "sent", "failed"]
"""Delivery state of a one-time code; "held" while no message gets through."""


class AccountMessages(Service):
    """Send messages about accounts; :mod:`civicportal.domain.notifications.account_messages` implements it."""

    def send_code(self, challenge: "OtpChallenge", locale: str) -> None:
        """Queue the code of a challenge.

        Nothing is sent for a decoy challenge.

        :param locale: language of the text; the site's if empty.
        """
        raise NotImplementedError

    def state_of_code(self, challenge: "OtpChallenge") -> CodeState:
        """Return the delivery state of a code.

        It is the same for a decoy challenge.
        """
        raise NotImplementedError

    @property
    def codes_arrive(self) -> bool:
        """Return whether requested codes can be expected to arrive."""
        raise NotImplementedError

    def notify(self, kind: str, user: "User", fields: Mapping[str, str] | None = None) -> None:
        """Notify a person of an account change at once, in their language, if they have a mobile."""
        raise NotImplementedError

    def notify_number(self, kind: str, mobile: str, *, user_id: int | None = None) -> None:
        """Send a message to a number without an account.

        :param mobile: E.164.
        """
        raise NotImplementedError

    def keep_owner(self, number: str, user_id: int) -> None:
        """Assign messages of a number to their person.

        They have no user id when they are older than the account.

        :param number: E.164, which the person has just given up.
        """
        raise NotImplementedError
