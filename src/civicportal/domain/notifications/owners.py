"""Owner of a number's messages, recorded before the number passes to another person."""

from typing import TYPE_CHECKING

from sqlalchemy import update

from civicportal.domain.notifications.models import InboundMessage, OutboxMessage

if TYPE_CHECKING:
    from civicportal.core.work import Work

_NUMBERS = ((OutboxMessage, OutboxMessage.recipient), (InboundMessage, InboundMessage.sender))


def keep_owner(work: "Work", number: str, user_id: int) -> None:
    """Record the person on messages of their number that have no user id: from before the account existed.

    :param number: E.164, which the person has just given up.
    """
    for model, column in _NUMBERS:
        nobodys = update(model).where(column == number, model.user_id.is_(None)).values(user_id=user_id)
        work.session.execute(nobodys.execution_options(synchronize_session=False))
