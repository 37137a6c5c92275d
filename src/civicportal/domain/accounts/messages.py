"""What accounts tell by SMS. The outbox lies above them, so it is reached from here only, and when it is needed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from civicportal.domain.accounts.models import OtpChallenge, User

if TYPE_CHECKING:
    from civicportal.core.work import Work


def send_code(work: "Work", challenge: OtpChallenge, locale: str) -> None:
    """Promise the code of a challenge; nothing is sent for a hollow one.

    :param locale: the language of its words; the site's own if empty.
    """
    from civicportal.domain.notifications.services import NotificationService

    work.get(NotificationService).send_code(challenge, locale)


def fate_of_code(work: "Work", challenge: OtpChallenge) -> str:
    """Say what became of a code: "waiting", "held" while nothing gets through, "sent" or "failed"."""
    from civicportal.domain.notifications import codes

    return codes.fate_of_code(work, challenge)


def codes_arrive(work: "Work") -> bool:
    """Return whether a code that is asked for now can be expected to arrive."""
    from civicportal.domain.notifications.gate import GateService

    return work.get(GateService).works


def tell(work: "Work", kind: str, user: User, fields: Mapping[str, str] | None = None) -> None:
    """Tell a person at once of a change to their account, in their language, if they have a mobile."""
    from civicportal.domain.notifications.services import NotificationService

    if user.mobile:
        service = work.get(NotificationService)
        locale = service.locale_of(user)
        service.send(kind, recipient=user.mobile, user_id=user.id, fields=fields, locale=locale, at_once=True)


def tell_number(work: "Work", kind: str, mobile: str, *, user_id: int | None = None) -> None:
    """Tell somebody at a number that is not their account's, or who need not be a member yet.

    :param mobile: E.164.
    """
    from civicportal.domain.notifications.services import NotificationService

    work.get(NotificationService).send(kind, recipient=mobile, user_id=user_id, at_once=True)


def keep_owner(work: "Work", number: str, user_id: int) -> None:
    """Write a person on the messages of a number that they have given up.

    :param number: E.164.
    """
    from civicportal.domain.notifications import owners

    owners.keep_owner(work, number, user_id)
