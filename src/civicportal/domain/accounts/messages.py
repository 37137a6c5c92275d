"""Messages about accounts. The outbox stands above accounts, so its part is declared here and implemented there."""

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
        """Queue the code of a challenge; nothing is sent for a decoy challenge.

        :param locale: language of the text; the site's if empty.
        """
        raise NotImplementedError

    def state_of_code(self, challenge: "OtpChallenge") -> CodeState:
        """Return the delivery state of a code, the same for a decoy challenge."""
        raise NotImplementedError

    @property
    def codes_arrive(self) -> bool:
        """Return whether a code that is requested now can be expected to arrive."""
        raise NotImplementedError

    def tell(self, kind: str, user: "User", fields: Mapping[str, str] | None = None) -> None:
        """Tell a person at once of a change of their account, in their language, if they have a mobile."""
        raise NotImplementedError

    def tell_number(self, kind: str, mobile: str, *, user_id: int | None = None) -> None:
        """Send a message to a number that is not, or no longer, that of an account.

        :param mobile: E.164.
        """
        raise NotImplementedError

    def keep_owner(self, number: str, user_id: int) -> None:
        """Record the person on messages of their number that have no user id: from before the account existed.

        :param number: E.164, which the person has just given up.
        """
        raise NotImplementedError
