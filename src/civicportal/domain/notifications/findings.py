"""Findings about messages."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from civicportal.core.checks import Finding
from civicportal.domain.notifications import timing
from civicportal.domain.notifications.delivery import IS_UNSETTLED
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.transports import is_served
from civicportal.domain.notifications.troubles import words
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

LONG = timedelta(hours=1)
"""How long a provider may be unavailable, or a message late, before it is a finding."""


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    yield from _transport(work.site)
    gate = work.get(SendingGateService)
    yield from _late(work) if gate.is_open else _gate(work, gate)


def _transport(site: "Site") -> Iterator[Finding]:
    if not is_served(site):
        yield Finding(
            level="error",
            place="notifications.transport",
            text=_(
                "no plugin provides the transport ${transport}: no message is sent",
                mapping={"transport": site.transport},
            ),
            remedy=_("list the plugin that provides it, or implement it in the package of the site"),
        )


def _gate(work: "Work", gate: SendingGateService) -> Iterator[Finding]:
    if gate.row and gate.row.since < work.clock.now() - LONG:
        reason = words(gate.row.reason)
        yield Finding(
            level="error",
            place="notifications.transport",
            text=_(
                "the transport ${transport} sends nothing: ${reason}",
                mapping={"transport": work.site.transport, "reason": reason},
            ),
            remedy=_("correct it, then retry under /admin/messages"),
        )


def _late(work: "Work") -> Iterator[Finding]:
    """Check messages that people wait for; a broadcast may take long."""
    now = work.clock.now()
    since = now - LONG
    quiet = work.get(NotificationService).quiet_hours
    if any(timing.quiet_hours_around(moment, quiet, work.site.calendar) for moment in (since, now)):
        return
    late = work.session.scalar(
        select(func.count()).where(
            OutboxMessage.lane == "notices",
            IS_UNSETTLED,
            OutboxMessage.next_at < since,
            or_(OutboxMessage.expires_at.is_(None), OutboxMessage.expires_at > now),
        )
    )
    if late:
        yield Finding(
            level="warning",
            place="messages",
            text=_(
                "${count} messages have been due for more than an hour and were not sent",
                mapping={"count": late},
            ),
            remedy=_("look for them under /admin/messages, and read the log of the worker"),
        )
