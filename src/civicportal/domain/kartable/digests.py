"""Daily SMS digests of new and overdue cases, for staff who subscribed."""

import logging
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from civicportal.core.jobs import Job
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.notifications.choices import PreferenceService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import localized_digits

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

BOTH, NEW, LATE = KINDS = ("staff.digest", "staff.kartable_new", "staff.overdue")
NOT_LATER_THAN = timedelta(hours=4)
"""Hours after the site's digest hour in which digests are sent; afterwards they wait for the next day."""


def send_digests(site: "Site") -> None:
    """Queue today's digests of the kartable for staff, each in a separate transaction.

    A person gets at most one per day.
    """
    with site.work(write=False) as work:
        readers = _readers(work) if _is_time(work) else ()
    for reader in readers:
        try:
            _tell(site, reader)
        except Exception:
            log.exception("the digest of user %s failed", reader.id)


def _is_time(work: "Work") -> bool:
    hour = work.site.settings["notifications"]["digest_at"]
    if not hour:
        return False
    calendar, now = work.get(OrganizationService).calendar, work.clock.now()
    today = calendar.today(now)
    begins: datetime = calendar.at(today, time.fromisoformat(hour))
    return calendar.is_working_day(today) and begins <= now < begins + NOT_LATER_THAN


def _readers(work: "Work") -> Sequence[User]:
    """Return subscribers who have a mobile and have not received today's digest."""
    calendar = work.site.calendar
    midnight = calendar.at(calendar.today(work.clock.now()), time.min)
    told = exists().where(
        OutboxMessage.user_id == User.id, OutboxMessage.kind.in_(KINDS), OutboxMessage.created_at >= midnight
    )
    reachable = (User.mobile.is_not(None), User.disabled_at.is_(None), User.deleted_at.is_(None))
    query = select(User).where(
        User.username.is_not(None), PreferenceService.wants("digest"), *reachable, ~told
    )
    return work.session.scalars(query.order_by(User.id)).all()


def _tell(site: "Site", reader: User) -> None:
    """Send a digest if there is something to report.

    Reading does not block writers.
    """
    with site.work(write=False) as work:
        found = _facts(work, reader)
    if found is None:
        return
    kind, fields = found
    today = site.calendar.today(site.clock.now())
    with site.work() as work:
        work.get(NotificationService).send(
            kind, recipient=reader.mobile or "", user_id=reader.id, fields=fields, once=f"digest:{today}"
        )


def _facts(work: "Work", reader: User) -> tuple[str, dict[str, str]] | None:
    """Return the text key and fields of a digest.

    It is None if the kartable is empty.
    """
    with work.acting_as(identity_of(work, reader, "staff")):
        inbox = InboxService(work)
        counts = inbox.counts(InboxQuery()).views
        latest = inbox.page("new", InboxQuery(), sort="newest").rows[:1]
    new, late = counts["new"].number, counts["overdue"].number
    if not new and not late:
        return None
    locale = work.site.locale
    fields = {
        "COUNT": localized_digits(str(new or late), locale),
        "LATE": localized_digits(str(late), locale),
        "TRACK": latest[0][0].code if latest else "",
    }
    return BOTH if new and late else NEW if new else LATE, fields


JOBS = (Job(name="core.digests", every=timedelta(minutes=10), run=send_digests),)
