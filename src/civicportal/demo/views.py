"""The phones of the demo: what arrived, as a picture of a telephone for each person."""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from sqlalchemy import func, select

from civicportal.accounts.models import User
from civicportal.countries import InvalidMobile
from civicportal.notifications.models import OutboxMessage
from civicportal.notifications.services import NotificationService

MOST_MESSAGES = 40


def phones(request: Any) -> dict[str, Any]:
    """List the phones: of numbers that are nobody's yet, then of people; the latest message first."""
    latest = (
        select(OutboxMessage.recipient, func.max(OutboxMessage.id).label("last"), func.count().label("n"))
        .where(OutboxMessage.state == "sent")
        .group_by(OutboxMessage.recipient)
        .subquery()
    )
    rows = request.work.session.execute(
        select(User.name, User.mobile, User.username, latest.c.n)
        .outerjoin(latest, latest.c.recipient == User.mobile)
        .where(User.mobile.is_not(None))
        .order_by(latest.c.last.desc().nulls_last(), User.id)
    ).all()
    known = {row.mobile for row in rows}
    strangers = request.work.session.execute(
        select(latest.c.recipient, latest.c.n)
        .where(latest.c.recipient.not_in(known))
        .order_by(latest.c.last.desc())
    ).all()
    return {"rows": rows, "strangers": strangers}


def phone(request: Any) -> dict[str, Any]:
    """Show one phone."""
    try:
        number = request.site.country.normalize_mobile(request.matchdict["number"])
    except InvalidMobile:
        raise HTTPNotFound from None
    session = request.work.session
    messages = session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.recipient == number, OutboxMessage.state == "sent")
        .order_by(OutboxMessage.sent_at.desc(), OutboxMessage.id.desc())
        .limit(MOST_MESSAGES)
    ).all()
    waiting = session.scalar(
        select(func.count()).where(OutboxMessage.recipient == number, OutboxMessage.state == "new")
    )
    notifications = request.work.get(NotificationService)
    texts = [(message, notifications.text_of(message)) for message in messages]
    owner = session.scalar(select(User).where(User.mobile == number))
    return {"number": number, "owner": owner, "messages": texts, "waiting": waiting}
