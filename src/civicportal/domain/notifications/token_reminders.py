"""The job that reminds people before a token of a program ends."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from civicportal.core.jobs import Job
from civicportal.domain.accounts.models import User
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.tokens.models import Token
from civicportal.domain.tokens.services import is_valid

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)
REMINDER = "member.token_ends"
_LATER = aliased(Token)


def remind(site: "Site") -> None:
    """Remind people of tokens that end soon, each once; of a machine's token the person who made it."""
    days = site.settings["api"]["remind_days"]
    if not days:
        return
    with site.work(write=False) as work:
        found = list(_ending(work, timedelta(days=days)))
    for token_id in found:
        try:
            with site.work() as work:
                _remind(work, token_id)
        except Exception:
            log.exception("no one could be reminded of token %s; the next run tries again", token_id)


def _ending(work: "Work", before: timedelta) -> Iterator[int]:
    """Yield the ids of valid tokens that end soon, without short-lived ones and those that were replaced."""
    now = work.clock.now()
    replaced = exists().where(
        _LATER.user_id == Token.user_id, _LATER.id > Token.id, _LATER.revoked_at.is_(None)
    )
    query = select(Token.id, Token.created_at, Token.expires_at).join(User, User.id == Token.user_id)
    query = query.where(
        *is_valid(now),
        Token.short.is_(False),
        Token.expires_at <= now + before,
        User.machine.is_(False) | ~replaced,
    )
    for row in work.session.execute(query.order_by(Token.id)):
        # The end of a token for a few days is known to the person who made it.
        if row.expires_at - row.created_at > before:
            yield row.id


def _remind(work: "Work", token_id: int) -> None:
    token = work.session.get_one(Token, token_id)
    user = work.session.get_one(User, token.user_id)
    person = work.session.get(User, token.made_by_id) if user.machine and token.made_by_id else user
    if person is None or not person.mobile or person.disabled_at or person.deleted_at:
        return
    service = work.get(NotificationService)
    locale = service.locale_of(person)
    service.send(
        REMINDER,
        recipient=person.mobile,
        user_id=person.id,
        fields={
            "TOKEN": token.ending,
            "DATE": work.site.calendar.format_date(token.expires_at, "short", locale),
        },
        once=f"token:{token.id}:ends",
        locale=locale,
        expires_at=token.expires_at,
    )


JOBS = (Job(name="core.token-reminders", at="09:30", run=remind),)
