"""Whose messages a number wrote and got, written down before it becomes another person's."""

from typing import TYPE_CHECKING

from sqlalchemy import update

from civicportal.notifications.models import InboundMessage, OutboxMessage

if TYPE_CHECKING:
    from civicportal.work import Work

_NUMBERS = ((OutboxMessage, OutboxMessage.recipient), (InboundMessage, InboundMessage.sender))


def keep_owner(work: "Work", number: str, user_id: int) -> None:
    """Write the person of a number on its messages that name nobody: from before it had an account.

    :param number: E.164, given up by the person just now.
    """
    for model, column in _NUMBERS:
        nobodys = update(model).where(column == number, model.user_id.is_(None)).values(user_id=user_id)
        work.session.execute(nobodys.execution_options(synchronize_session=False))
